"""Texts and rows are streamed too: chunk by chunk, the first item after one chunk, memory that does not grow."""

from __future__ import annotations

import json
import threading
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from torch.utils.data import DataLoader

from lifecycle.loader import load, open_files
from lifecycle.loader.remote import Remote
from tests.lifecycle.loader.conftest import add_texts

CHUNKS, PER_CHUNK = 5, 10
TEXTS = CHUNKS * PER_CHUNK


@pytest.fixture
def far(shelf, tmp_path):
    """The version of fifty texts in five chunks, nothing of it here."""
    for number in range(CHUNKS):
        add_texts(shelf.dataset, range(number * PER_CHUNK, (number + 1) * PER_CHUNK))
    shelf.commit()
    return load(shelf.url, shelf.name, token=shelf.token, cache=tmp_path, progress=False, download=False)


@pytest.fixture
def asked(monkeypatch):
    """The chunks that were asked for; all but the first one wait until `asked.gate` is set."""
    whole = Remote.fetch_chunk

    class Asked(list):
        gate = threading.Event()

    found = Asked()

    def fetch(self, number, digest):
        found.append(digest)
        if len(found) > 1:
            assert found.gate.wait(10)
        return whole(self, number, digest)

    monkeypatch.setattr(Remote, "fetch_chunk", fetch)
    yield found
    found.gate.set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_first_text_comes_after_one_chunk(far, asked, shuffle):
    before = far._fetcher.remote.requests
    reading = iter(far.stream("train", shuffle=shuffle, seed=4))

    first = next(reading)

    assert first["text"].startswith("text ") and first["split"] == "train"
    assert (before, far._fetcher.remote.requests - before, len(asked)) == (1, 1, 1)
    asked.gate.set()
    found = {first["text"], *(item["text"] for item in reading)}
    assert len(asked) == CHUNKS
    assert found == set(far.arrow("train")["text"].to_pylist())


@pytest.mark.django_db(transaction=True)
def test_iterating_a_version_fetches_as_it_goes_too(far, asked):
    reading = iter(far)

    first = next(reading)

    assert first["text"] and len(asked) == 1 and len(far) == TEXTS
    asked.gate.set()
    assert len(list(reading)) == TEXTS - 1


@pytest.mark.django_db(transaction=True)
def test_order_and_state_are_those_of_a_version_that_is_here(far, shelf, tmp_path):
    expected = [item["item_id"] for item in far.stream("train", shuffle=True, seed=7)]
    fresh = load(shelf.url, shelf.name, token=shelf.token, cache=tmp_path / "2", progress=False, download=False)
    stream = fresh.stream("train", shuffle=True, seed=7)

    seen = [item["item_id"] for item in islice(stream, 17)]
    other = fresh.stream("train", shuffle=True, seed=7)
    other.load_state_dict(json.loads(json.dumps(stream.state_dict())))

    assert seen + [item["item_id"] for item in other] == expected


@pytest.mark.django_db(transaction=True)
def test_workers_fetch_each_chunk_once_between_them(far, shelf):
    found = [item["text"] for item in DataLoader(far.stream(shuffle=True, seed=1), batch_size=None, num_workers=2)]

    assert len(set(found)) == len(found) == TEXTS
    assert not list(far.content.root.glob("parts/*")), "no lock is left behind"


@pytest.mark.django_db(transaction=True)
def test_a_server_that_does_not_count_by_split_has_all_chunks_fetched_first(far, asked, monkeypatch):
    asked.gate.set()
    pieces = [type(piece)(piece.digest, piece.rows) for piece in far.chunks._pieces]
    monkeypatch.setattr(far.chunks, "_pieces", pieces)

    assert len(far.stream("train")) == far.arrow("train").num_rows and len(asked) == CHUNKS


def test_memory_does_not_grow_with_the_version(tmp_path, monkeypatch):
    monkeypatch.setattr("lifecycle.loader.rows.BLOCKS_HELD", 3)
    monkeypatch.setattr("lifecycle.loader.rows.BYTES_HELD", 4 << 20)
    count, paths = 1_024, []
    for number in range(30):
        ids = range(number * count, (number + 1) * count)
        table = pa.table({
            "item_id": list(ids), "content_hash": [f"{n:064x}" for n in ids], "split": ["train"] * count,
            "label": ["a"] * count, "blob": pa.nulls(count, pa.string()), "text": [f"{n:04x}" * 500 for n in ids],
            "row": pa.nulls(count, pa.string()), "group": pa.nulls(count, pa.string()),
        })  # fmt: skip
        paths.append(tmp_path / f"{number}.parquet")
        pq.write_table(table, paths[-1], row_group_size=256)
    version, before, most = open_files(paths, tmp_path), pa.total_allocated_bytes(), 0
    del table

    for at, item in enumerate(version.stream("train", shuffle=True, seed=1)):
        if at % 500 == 0:
            most = max(most, pa.total_allocated_bytes() - before)
        assert len(item["text"]) >= 2_000

    assert at == 30 * count - 1 and most < 20 << 20, "60 MB of texts"
