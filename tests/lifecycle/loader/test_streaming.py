"""Streaming from a live server: files come by packs ahead of their turn; order, state, damage, threads, disk."""

from __future__ import annotations

import json
import threading
import time
from itertools import count, islice

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from lifecycle.loader import CorruptedData, load
from lifecycle.loader.ahead import PACK_ITEMS
from lifecycle.loader.cache import ContentFolder
from lifecycle.loader.remote import Remote
from tests.lifecycle.loader.conftest import add_items, draw

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = 200
folders = count()


@pytest.fixture
def far(host, tmp_path):
    """far() is the version without any of its files, in a cache of its own."""
    add_items(host.dataset, range(PICTURES))
    host.commit()

    def far(**options):
        cache = tmp_path / f"cache-{next(folders)}"
        return load(host.url, host.name, token=host.token, cache=cache, progress=False, download=False, **options)

    return far


def list_files(version) -> list[str]:
    files = set(version.arrow()["blob"].to_pylist())  # the cache holds pieces of the manifest too
    return [path.name for path in version.content.root.glob("??/*") if path.name in files]


def list_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("gristmill-ahead")]


def wait_until(is_so, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    return is_so()


def test_a_stream_asks_for_packs_and_not_for_files(far):
    version = far()
    before = version._fetcher.remote.requests

    found = {item["image"]: item["label"] for item in version.stream(shuffle=True, seed=1)}

    assert len(found) == PICTURES and found[draw(4)] == "dog"
    assert version._fetcher.remote.requests - before <= PICTURES // PACK_ITEMS + 2, "the manifest's chunk and packs"


@given(
    seed=st.integers(0, 99), cut=st.integers(0, 80), ahead=st.sampled_from([1, 7, 64, 1_000]), rank=st.integers(0, 1),
    keep=st.booleans(), shuffle=st.booleans(),
)  # fmt: skip
@hypothesis_settings(
    deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_order_and_the_state_do_not_depend_on_what_is_fetched_ahead(far, seed, cut, ahead, rank, keep, shuffle):
    options = {"shuffle": shuffle, "seed": seed, "rank": rank, "world_size": 2}
    expected = [item["item_id"] for item in far().stream(ahead=0, **options)]
    version = far()
    stream = version.stream(ahead=ahead, keep=keep, **options)

    seen = [item["item_id"] for item in islice(stream, cut)]
    state = json.loads(json.dumps(stream.state_dict()))
    other = version.stream(ahead=ahead, keep=keep, **options)
    other.load_state_dict(state)
    rest = [item["item_id"] for item in other]

    assert seen + rest == expected
    assert other.state_dict()["epoch"] == 1


def test_ranks_fetch_their_own_shares_only(far):
    version, found = far(), []
    for rank in range(2):
        before = len(list_files(version))
        found += [item["item_id"] for item in version.stream(shuffle=True, seed=3, rank=rank, world_size=2)]
        assert len(list_files(version)) - before == PICTURES // 2

    assert len(set(found)) == PICTURES


def test_no_more_than_the_window_is_fetched_ahead(far):
    version = far()
    reading = iter(version.stream(ahead=10))
    for _ in range(5):
        next(reading)

    wait_until(lambda: len(list_files(version)) >= PACK_ITEMS, 3)
    time.sleep(0.3)

    assert len(list_files(version)) <= 5 + 10 + PACK_ITEMS
    reading.close()


def test_the_window_is_bounded_in_bytes_too(far, monkeypatch):
    monkeypatch.setattr("lifecycle.loader.stream.BYTES_AHEAD", 10 * len(draw(1)))
    monkeypatch.setattr("lifecycle.loader.ahead.PACK_BYTES", 4 * len(draw(1)))
    version = far()
    reading = iter(version.stream())
    next(reading)

    time.sleep(0.5)

    assert 10 <= len(list_files(version)) <= 20
    assert len(list(reading)) == PICTURES - 1


def test_what_is_not_kept_leaves_the_disk_but_for_what_was_there_before(far):
    version = far()
    mine = version.read(version.arrow()["blob"][0].as_py())
    most = 0
    stream = version.stream(ahead=10, keep=False)
    for item in stream:
        most = max(most, len(list_files(version)))
        assert item["image"]

    assert most <= 1 + 10 + 2 * PACK_ITEMS
    assert len(list_files(version)) == 1 and version.read(list_files(version)[0]) == mine
    for _ in islice(stream, 3):
        pass
    assert wait_until(lambda: len(list_files(version)) == 1), "what was on its way when the loop ended goes too"


def test_a_version_that_was_downloaded_is_read_without_threads(far):
    version = far()
    version.download()
    before = version._fetcher.remote.requests

    reading = iter(version.stream(shuffle=True))
    next(reading)

    assert not list_threads() and len(list(reading)) == PICTURES - 1
    assert version._fetcher.remote.requests == before
    version.locate(list_files(version)[0]).unlink()
    assert len(list(version.stream())) == PICTURES, "a file that went missing since is fetched when its turn comes"


@pytest.mark.parametrize("keep", [True, False])
def test_leaving_the_loop_ends_the_threads(far, keep):
    for _ in far().stream(shuffle=True, keep=keep):
        break

    assert wait_until(lambda: not list_threads())


def test_files_that_come_damaged_are_asked_for_again(far, monkeypatch):
    whole, spoiled = Remote.stream_blobs, []

    def spoil(self, number, digest, rows):
        for row, content in whole(self, number, digest, rows):
            is_first = row % 10 == 0 and row not in spoiled
            spoiled.extend([row] if is_first else [])
            yield row, (b"x" + content[1:] if is_first else content)

    monkeypatch.setattr(Remote, "stream_blobs", spoil)
    version = far(workers=2)

    # a pack with several such rows is asked for once for each: fewer of them than there are attempts
    monkeypatch.setattr("lifecycle.loader.fetching.ATTEMPTS", 50)

    assert {item["image"] for item in version.stream(shuffle=True)} == {draw(n) for n in range(PICTURES)}
    assert spoiled


def test_a_file_that_stays_damaged_is_named_when_its_turn_comes(far, monkeypatch):
    whole, version = Remote.stream_blobs, far()
    order = [item["content_hash"] for item in far().stream(ahead=0, shuffle=True, seed=5)]
    bad = order[150]
    row_of = dict(zip(version.arrow()["content_hash"].to_pylist(), range(PICTURES), strict=True))

    def spoil(self, number, digest, rows):
        for row, content in whole(self, number, digest, rows):
            yield row, (b"x" + content[1:] if row == row_of[bad] else content)

    monkeypatch.setattr(Remote, "stream_blobs", spoil)
    seen = []
    with pytest.raises(CorruptedData, match=bad[:12]):
        for item in version.stream(shuffle=True, seed=5):
            seen.append(item["content_hash"])

    assert seen == order[: len(seen)] and 100 <= len(seen) <= 150
    assert wait_until(lambda: not list_threads())


def test_a_damaged_file_in_the_cache_is_fetched_again(far):
    version = far()
    version.download()
    for blob in list_files(version)[:5]:
        path = version.locate(blob)
        path.write_bytes(b"x" * path.stat().st_size)
    version.content = version._fetcher.cache = ContentFolder(version.content.root)

    assert {item["image"] for item in version.stream()} == {draw(n) for n in range(PICTURES)}


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.long)])
def test_workers_fetch_ahead_each_for_itself(far, method):
    version = far()
    stream = version.stream(shuffle=True, seed=2)
    next(iter(stream))  # a connection and threads of this process, which no worker may share
    stream.load_state_dict({"epoch": 0, "item": 0, "seed": 2, "items": PICTURES})
    loader = DataLoader(stream, batch_size=None, num_workers=2, multiprocessing_context=method)

    found = [item["image"] for item in loader]

    assert len(found) == PICTURES and set(found) == {draw(n) for n in range(PICTURES)}


def test_batches_of_files_come_in_packs_too(far):
    version = far()
    before = version._fetcher.remote.requests + len(version.paths)

    batches = version.batches(None, 40, shuffle=True, seed=1, transform=lambda picture: picture.size)
    sizes = [size for inputs, _ in batches for size in inputs]

    assert sizes == [(16, 16)] * PICTURES
    assert version._fetcher.remote.requests - before <= PICTURES // 40 + 1


def test_a_map_style_dataset_fetches_what_a_batch_needs_in_one_request(far):
    version = far()
    before = version._fetcher.remote.requests + len(version.paths)
    dataset = version.torch(transform=lambda picture: picture.size[0])

    found = [label for _, labels in DataLoader(dataset, batch_size=50, shuffle=True) for label in labels.tolist()]

    assert len(found) == PICTURES
    assert version._fetcher.remote.requests - before <= PICTURES // 50


def test_pictures_to_be_decoded_into_one_array_are_fetched_in_packs(far):
    version = far()
    before = version._fetcher.remote.requests + len(version.paths)

    images, _ = version.arrays(size=(8, 8))

    assert images.shape == (PICTURES, 8, 8, 3)
    assert version._fetcher.remote.requests - before <= 2
