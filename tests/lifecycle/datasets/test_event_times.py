"""The moment an item is of comes in with it, is committed with it, and has a history when it becomes another one."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse
from PIL import Image

from lifecycle.annotations.services.external_tasks import import_tasks
from lifecycle.datasets import chunks, manifests, selectors, services
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import EventTimeChange, Item
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.exploration.models import Profile
from lifecycle.exploration.services import start_profile
from lifecycle.pipelines.datacards import write_data_card
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_versions import commit

pytestmark = pytest.mark.django_db
NEWS = "text,label,published\n" + "".join(
    f"Story number {n} of the day,{'good' if n % 2 else 'bad'},2024-0{n}-15T08:00:00+02:00\n" for n in range(1, 7)
)
ROLES = {"mapping": {"text": "text", "label": "label", "time": "published"}}


@pytest.fixture
def texts(owner):
    return make_project(owner, "text_classification")


def take_picture(shade: int, taken: str = "", offset: str = "") -> bytes:
    exif = Image.Exif()
    ifd = exif.get_ifd(0x8769)
    ifd |= {tag: value for tag, value in ((0x9003, taken), (0x9011, offset)) if value}
    out = io.BytesIO()
    Image.new("RGB", (24, 24), (shade, 40, 90)).save(out, "jpeg", exif=exif)
    return out.getvalue()


def list_times(**conditions) -> dict[str, datetime | None]:
    return dict(Item.objects.filter(**conditions).values_list("source_uri", "event_time"))


def test_a_column_gives_texts_their_dates(texts, owner, run_jobs):
    bring(texts, owner, {"news.csv": NEWS.encode()}, run_jobs, **ROLES)

    item = Item.objects.get(text="Story number 3 of the day")
    assert item.event_time == datetime(2024, 3, 15, 6, tzinfo=UTC)
    assert item.event_time_origin == "column published"


def test_importing_again_changes_nothing_and_another_date_is_kept_with_its_history(texts, owner, run_jobs):
    bring(texts, owner, {"news.csv": NEWS.encode()}, run_jobs, **ROLES)
    bring(texts, owner, {"news.csv": NEWS.encode()}, run_jobs, **ROLES)
    assert not EventTimeChange.objects.exists()

    corrected = NEWS.replace("2024-03-15", "2023-03-15")
    third = bring(texts, owner, {"news.csv": corrected.encode()}, run_jobs, **ROLES)
    bring(texts, owner, {"news.csv": corrected.encode()}, run_jobs, **ROLES)

    (change,) = EventTimeChange.objects.all()
    assert change.item.event_time == change.new_time == datetime(2023, 3, 15, 6, tzinfo=UTC)
    assert (change.old_time, change.old_origin) == (datetime(2024, 3, 15, 6, tzinfo=UTC), "column published")
    assert change.collection == third
    assert Item.objects.count() == 6


def test_content_that_stands_twice_keeps_its_first_date_however_often_it_comes(texts, owner, run_jobs):
    twice = NEWS + "Story number 2 of the day,bad,2021-01-01\n"
    for _ in range(2):
        bring(texts, owner, {"news.csv": twice.encode()}, run_jobs, **ROLES)

    assert Item.objects.get(text="Story number 2 of the day").event_time == datetime(2024, 2, 15, 6, tzinfo=UTC)
    assert not EventTimeChange.objects.exists()


def test_a_date_that_cannot_be_is_refused_and_its_text_stays(texts, owner, run_jobs):
    lines = [f"Odd text number {n},{cell}\n" for n, cell in enumerate(
        ["0000-00-00", "2999-01-01", "0001-01-01T00:00:00", "soon", "", "2024-05-06"])]  # fmt: skip
    bring(texts, owner, {"odd.csv": ("text,when\n" + "".join(lines)).encode()}, run_jobs,
          mapping={"text": "text", "time": "when"})  # fmt: skip

    times = [item.event_time for item in Item.objects.order_by("text")]
    assert times == [None] * 5 + [datetime(2024, 5, 6, tzinfo=UTC)]


def test_a_table_without_the_date_that_was_guessed_comes_in_too(texts, owner, run_jobs):
    found = bring(texts, owner, {
        "a.csv": b"text,label,date\nThe first sentence,a,2024-05-06\n", "b.csv": b"text,label\nThe second one,b\n"
    }, run_jobs)  # fmt: skip

    assert (found.accepted, found.rejected) == (2, 0)
    assert list(Item.objects.order_by("text").values_list("event_time", flat=True)) == [
        datetime(2024, 5, 6, tzinfo=UTC), None,
    ]  # fmt: skip


def test_pictures_say_when_they_were_taken(owner, run_jobs):
    project = make_project(owner, "image_classification")
    bring(project, owner, {
        "zoned.jpg": take_picture(10, "2024:05:01 12:30:00", "+02:00"),
        "plain.jpg": take_picture(40, "2024:05:01 12:30:00"),
        "zero.jpg": take_picture(80, "0000:00:00 00:00:00"), "future.jpg": take_picture(120, "2999:01:01 00:00:00"),
        "none.jpg": take_picture(160),
    }, run_jobs)  # fmt: skip

    found = list_times()
    assert found["zoned.jpg"] == datetime(2024, 5, 1, 10, 30, tzinfo=UTC)
    assert found["plain.jpg"] == datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
    assert {name: found[name] for name in ("zero.jpg", "future.jpg", "none.jpg")} == dict.fromkeys(
        ("zero.jpg", "future.jpg", "none.jpg")
    )
    assert Item.objects.get(source_uri="zoned.jpg").event_time_origin == "EXIF DateTimeOriginal"


def test_tasks_of_a_label_studio_client_say_it_in_their_data(owner):
    project = make_project(owner, "text_classification", ["good", "bad"])
    for day in (1, 1, 2):
        task = {"data": {"text": "A sentence by a client", "date_captured": f"2024-05-0{day} 10:00:00"}}
        import_tasks(project=project, user=owner, tasks=[task])

    item = Item.objects.get()
    assert (item.event_time, item.event_time_origin) == (
        datetime(2024, 5, 2, 10, tzinfo=UTC),
        "Label Studio date_captured",
    )
    assert [change.old_time.day for change in EventTimeChange.objects.all()] == [1]


def test_a_version_keeps_the_dates_it_was_committed_with(texts, owner, run_jobs):
    bring(texts, owner, {"news.csv": NEWS.encode()}, run_jobs, **ROLES)
    first = commit(texts, owner, run_jobs)
    bring(texts, owner, {"news.csv": NEWS.replace("2024-03-15", "2023-03-15").encode()}, run_jobs, **ROLES)
    second = commit(texts, owner, run_jobs)

    old, new = (selectors.get_version(texts, one["version"]) for one in (first, second))
    assert second["is_new"] and old.content_hash != new.content_hash
    assert datetime(2024, 3, 15, 6) in read_times(old) and datetime(2024, 3, 15, 6) not in read_times(new)
    counts = selectors.compare_versions(old, new)
    assert counts == {"added": 0, "removed": 0, "relabeled": 0, "moved": 0, "redated": 1}
    (line,) = selectors.list_changes(old, new, change="redated")
    assert line.old_event_time == datetime(2024, 3, 15, 6, tzinfo=UTC)
    assert line.new_event_time == datetime(2023, 3, 15, 6, tzinfo=UTC)


def test_restoring_a_version_brings_its_dates_back(texts, owner, run_jobs):
    bring(texts, owner, {"news.csv": NEWS.encode()}, run_jobs, **ROLES)
    commit(texts, owner, run_jobs)
    bring(texts, owner, {"news.csv": NEWS.replace("2024-03-15", "2023-03-15").encode()}, run_jobs, **ROLES)
    version = selectors.get_version(texts, 1)

    services.start_restore(version=version, user=owner)
    run_jobs()
    again = commit(texts, owner, run_jobs)

    assert selectors.get_version(texts, again["version"]).content_hash == version.content_hash
    assert Item.objects.get(text="Story number 3 of the day").event_time_origin == "restored from v1"


def test_items_without_dates_hash_as_they_always_did(texts, owner, run_jobs):
    bring(texts, owner, {"a.csv": b"text,label\none sentence,x\nanother sentence,y\n"}, run_jobs)

    commit(texts, owner, run_jobs)

    version = selectors.find_latest_version(texts)
    lines = sorted(f"{i.content_hash}\x1f{i.split}\x1f{i.label}\x1f\n" for i in Item.objects.all())
    assert version.content_hash == hash_lines(lines)


def test_chunks_from_before_there_were_dates_are_read_beside_newer_ones(texts, owner, run_jobs, tmp_path):
    bring(texts, owner, {"news.csv": NEWS.encode()}, run_jobs, **ROLES)
    commit(texts, owner, run_jobs)
    (new,) = fetch_chunks(selectors.find_latest_version(texts))
    old = tmp_path / "old.parquet"
    table = pq.read_table(new).drop_columns(["event_time"])
    shifted = pa.array([i + 100 for i in table["item_id"].to_pylist()], pa.int64())
    pq.write_table(table.set_column(0, "item_id", shifted), old)

    for paths in ([old, new], [new, old]):
        with chunks.connect() as base:
            found = base.execute(f"SELECT count(*), count(event_time) FROM {chunks.name_source(paths)}").fetchall()
        assert found == [(12, 6)]


def test_the_gallery_filters_and_sorts_by_date_and_the_page_of_an_item_says_it(texts, owner, run_jobs, client):
    bring(texts, owner, {"news.csv": (NEWS + "No date here,good,\n").encode()}, run_jobs, **ROLES)

    def list_texts(query: str, at: str = "", size: int = 60):
        page = selectors.list_items(texts, ItemFilters.from_query(dict(parse_qsl(query))), at=at, size=size)
        return [item.text[13:14] for item in page.items], page

    assert list_texts("sort=date")[0] == ["1", "2", "3", "4", "5", "6", ""]
    assert list_texts("sort=-date")[0] == ["6", "5", "4", "3", "2", "1", ""]
    found, at = [], ""
    for _ in range(4):
        shown, page = list_texts("sort=-date", at, size=2)
        found, at = found + shown, page.next_at
    assert found == ["6", "5", "4", "3", "2", "1", ""] and at == ""
    assert sorted(list_texts("range.date=2024-03-01..2024-05-01")[0]) == ["3", "4"]
    assert list_texts("dated=no")[0] == [""] and len(list_texts("dated=yes")[0]) == 6
    client.force_login(owner)
    item = Item.objects.get(text__contains="number 3")
    assert "2024-03-15 06:00" in client.get(reverse("datasets:item", args=[texts.slug, item.pk])).content.decode()
    shown = client.get(reverse("datasets:items", args=[texts.slug]), {"dated": "no"}).content.decode()
    assert "without a date" in shown


def test_a_profile_and_the_card_go_by_the_dates_of_the_items(texts, owner, run_jobs, client):
    bring(texts, owner, {"news.csv": (NEWS + "No date here,good,\n").encode()}, run_jobs, **ROLES)
    commit(texts, owner, run_jobs)
    version = selectors.find_latest_version(texts)
    Item.objects.filter(text__contains="number 1").update(event_time="1999-01-01T00:00:00Z")  # after the commit
    start_profile(dataset=version.dataset, user=owner, version=version)
    run_jobs()

    time = Profile.objects.get(version=version).result["time"]

    assert (time["of"], time["without"], sum(time["counts"])) == ("event_time", 1, 6)
    assert time["starts"][0].startswith("2024-01") and time["by"]["good"] == [1, 0, 1, 0, 1, 0][: len(time["starts"])]
    card = write_data_card(version)
    assert "2024-01-15 to 2024-06-15; items without a date of their own: 1." in card
    client.force_login(owner)
    page = client.get(reverse("exploration:version-profile", args=[texts.slug, version.number])).content.decode()
    assert "By the date each item is of. Not shown, as they have none: 1 item." in page


def read_times(version) -> list[datetime]:
    batches = manifests.read_batches(fetch_chunks(version), ["event_time"])
    return [time for batch in batches for time in batch["event_time"].to_pylist()]


def hash_lines(lines: list[str]) -> str:
    import hashlib

    buckets = [hashlib.sha256("".join(line for line in lines if line[:2] == f"{n:02x}").encode()) for n in range(256)]
    return hashlib.sha256(b"".join(bucket.digest() for bucket in buckets)).hexdigest()
