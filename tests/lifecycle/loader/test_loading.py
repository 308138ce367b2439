"""Loading from a live server: everything once, the delta of a newer version, cuts, damage, strangers."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from lifecycle.accounts.services import tokens
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.loader import CorruptedData, LoaderError, load, open_files
from lifecycle.loader.remote import Remote
from tests import factories
from tests.lifecycle.loader.conftest import add_items, add_texts, draw

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fetch(host, tmp_path):
    """fetch("latest") loads the host's dataset into this test's cache."""

    def fetch(version: str = "latest", **options):
        return load(
            host.url, f"{host.name}@{version}", token=host.token, cache=tmp_path / "cache", progress=False, **options
        )

    return fetch


def test_every_picture_comes_with_its_label_and_split(host, fetch):
    add_items(host.dataset, range(60))
    host.commit()

    version = fetch()

    found = {item["image"]: item["label"] for item in version.items()}
    assert len(version) == len(found) == 60 and found[draw(4)] == "dog"
    assert len(version.pandas("train")) == 48 and version.arrow("test").num_rows == 6
    assert version.classes == [] or set(version.classes) <= {"cat", "dog", "owl"}


def test_a_newer_version_costs_what_is_new_in_it(host, fetch):
    add_items(host.dataset, range(300))
    host.commit()
    first = fetch()
    add_items(host.dataset, range(300, 310))
    host.commit()

    second = fetch()

    assert first._fetcher.remote.requests < 10
    assert second._fetcher.remote.requests <= 4
    assert second._fetcher.remote.received < first._fetcher.remote.received / 2
    assert len(list(second.items())) == 310


def test_loading_again_fetches_no_file(host, fetch):
    add_items(host.dataset, range(20))
    host.commit()
    fetch()

    again = fetch("1")

    assert again._fetcher.remote.requests == 1


def test_a_download_that_breaks_off_goes_on_where_it_was(host, fetch, monkeypatch):
    add_items(host.dataset, range(50))
    host.commit()
    whole = Remote.stream_blobs

    def break_off(self, number, digest, rows):
        for count, pair in enumerate(whole(self, number, digest, rows)):
            if count == 20:
                raise KeyboardInterrupt
            yield pair

    monkeypatch.setattr(Remote, "stream_blobs", break_off)
    with pytest.raises(KeyboardInterrupt):
        fetch(workers=1)
    monkeypatch.setattr(Remote, "stream_blobs", whole)
    asked = []
    monkeypatch.setattr(
        Remote, "stream_blobs", lambda self, n, d, rows: (asked.extend(rows), whole(self, n, d, rows))[1]
    )
    version = fetch()

    assert len(asked) == 30 and version.check() == []


def test_an_answer_cut_by_the_network_is_asked_for_again(host, fetch, monkeypatch):
    add_items(host.dataset, range(30))
    host.commit()
    whole, cuts = Remote.stream_blobs, []

    def cut(self, number, digest, rows):
        for count, pair in enumerate(whole(self, number, digest, rows)):
            if count == 7 and len(cuts) < 2:
                cuts.append(1)
                raise requests.ConnectionError("cut")
            yield pair

    monkeypatch.setattr(Remote, "stream_blobs", cut)

    assert len(list(fetch().items())) == 30 and len(cuts) == 2


def test_a_large_file_is_resumed_by_range(host, fetch, monkeypatch, tmp_path):
    monkeypatch.setattr("lifecycle.loader.fetching.LARGE_BYTES", 10_000)
    (item,) = add_items(host.dataset, [1], size=200)
    host.commit()
    part = tmp_path / "cache" / "blobs" / "parts" / item.blob
    part.parent.mkdir(parents=True)
    part.write_bytes(draw(1, 200)[:50_000])

    version = fetch()

    (only,) = version.items()
    assert only["image"] == draw(1, 200)
    assert version._fetcher.remote.received < item.byte_size


def test_a_damaged_cache_is_noticed_and_repaired(host, fetch):
    (item, *_) = add_items(host.dataset, range(5))
    host.commit()
    version = fetch()
    path = version.locate(item.blob)
    path.write_bytes(b"x" * item.byte_size)

    again = fetch()

    assert again.read(item.blob) == draw(0)
    path.write_bytes(b"x" * item.byte_size)
    assert again.check() == [item.blob]


def test_damaged_files_without_a_server_are_refused(host, fetch, tmp_path):
    (item, *_) = add_items(host.dataset, range(5))
    host.commit()
    version = fetch()
    local = open_files(version.paths, version.content.root)
    version.locate(item.blob).write_bytes(b"x")

    with pytest.raises(CorruptedData):
        local.read(item.blob)


def test_a_version_loaded_before_can_be_read_while_the_server_is_away(host, fetch, monkeypatch):
    add_items(host.dataset, range(5))
    host.commit()
    fetch("1")
    monkeypatch.setattr("lifecycle.loader.remote.ATTEMPTS", 1)
    monkeypatch.setattr(requests.Session, "get", _refuse)

    with pytest.warns(UserWarning, match="loaded before"):
        version = fetch("1")

    assert len(list(version.items())) == 5


def _refuse(*arguments, **options):
    raise requests.ConnectionError("no route")


def test_a_stranger_and_a_wrong_name_are_told_so(host, fetch, tmp_path):
    add_items(host.dataset, range(3))
    host.commit()
    _, foreign = tokens.issue(user=factories.UserFactory(username="foreign"), name="t")

    with pytest.raises(LoaderError, match="not a member"):
        load(host.url, host.name, token=foreign, cache=tmp_path, progress=False)
    with pytest.raises(LoaderError, match="no version"):
        fetch("silver")
    with pytest.raises(LoaderError, match="token"):
        load(host.url, host.name, token="gm_nonsense", cache=tmp_path, progress=False)


def test_lazy_loading_fetches_a_file_when_it_is_read(host, fetch):
    items = add_items(host.dataset, range(12))
    host.commit()
    version = fetch(download=False)

    content = version.read(items[3].blob)

    assert content == draw(3)
    assert sum(version.content.has(item.blob) for item in items) == 1


def test_the_moments_that_items_are_of_come_along_in_utc(shelf, tmp_path):
    first, *_ = add_texts(shelf.dataset, range(10))
    Item.objects.filter(pk=first.pk).update(event_time="2024-05-01T12:00:00+02:00")
    shelf.commit()

    version = load(shelf.url, shelf.name, token=shelf.token, cache=tmp_path / "cache", progress=False)

    moment = datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert version.arrow().schema.field("event_time").type == pa.timestamp("us", "UTC")
    frame = version.pandas().set_index("item_id")
    assert frame.loc[first.pk, "event_time"] == moment and frame["event_time"].isna().sum() == 9
    assert {item["item_id"]: item.get("event_time") for item in version.items()}[first.pk] == moment
    assert sum("event_time" in item for item in version.items()) == 1


def test_a_manifest_from_before_there_were_dates_still_loads(host, tmp_path):
    add_items(host.dataset, range(10))
    (chunk,) = fetch_chunks(host.commit())
    old = tmp_path / "old.parquet"
    pq.write_table(pq.read_table(chunk).drop_columns(["event_time"]), old)

    version = open_files([old], tmp_path)

    assert len(version.pandas()) == 10 and "event_time" not in version.pandas().columns
