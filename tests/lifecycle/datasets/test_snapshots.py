"""Commits in chunks: only what changed is written again, and the outcome is what a full commit would give."""

from __future__ import annotations

import hashlib
import random

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.datasets import chunks, hashing, selectors, services
from lifecycle.datasets.models import Item
from lifecycle.datasets.services import snapshots
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
alone = pytest.mark.serial  # a transaction that is open anywhere on the server makes more chunks look changed


@pytest.fixture
def rows(monkeypatch, tmp_path):
    """A dataset whose chunks are small; `rows.commit()` is the snapshot and how many chunks were written for it."""
    monkeypatch.setattr(snapshots, "CHUNK_BITS", 4)
    monkeypatch.setattr(chunks, "CHUNK_BITS", 4)
    return Rows(tmp_path, monkeypatch)


class Rows:
    def __init__(self, folder, monkeypatch):
        self.owner = factories.UserFactory()
        self.project = factories.ProjectFactory(owner=self.owner, problem_type="text_classification")
        self.dataset = selectors.get_dataset(self.project)
        self.collection = factories.CollectionFactory(dataset=self.dataset)
        self.folder, self.count = folder, 0
        self.written: list[int] = []
        store = snapshots._store_chunk
        monkeypatch.setattr(
            snapshots, "_store_chunk", lambda number, *rest: (self.written.append(number), store(number, *rest))[1]
        )

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            Item.objects.create(
                dataset=self.dataset,
                collection=self.collection,
                content_hash=hashlib.sha256(str(self.count).encode()).hexdigest(),
                text=f"line “{self.count}”,\nand more",
                split="train",
                label=random.Random(self.count).choice(["a", None]),
            )

    def take(self) -> snapshots.Snapshot:
        self.written.clear()
        return services.take_snapshot(dataset=self.dataset, folder=self.folder)

    def commit(self) -> tuple[snapshots.Snapshot, int]:
        snapshot = self.take()
        job = factories.JobFactory(project=self.project, kind="version")
        services.record_version(
            dataset=self.dataset, user=self.owner, job=job, message="", snapshot=snapshot, classes=["a", "b"]
        )
        return snapshot, len(self.written)


@alone
def test_one_more_item_writes_one_chunk(rows):
    rows.add(100)
    first, written = rows.commit()
    rows.add(1)

    second, more = rows.commit()

    assert written >= 6 and more <= 2 and second.index.item_count == 101
    assert len({c.blob for c in first.index.chunks} & {c.blob for c in second.index.chunks}) >= written - 1


def test_a_first_version_has_no_chunk_for_items_that_are_all_excluded(rows):
    rows.add(80)
    numbers = {pk >> 4 for pk in Item.objects.values_list("pk", flat=True)}
    left_out = sorted(numbers)[2]
    Item.objects.filter(pk__gte=left_out << 4, pk__lt=(left_out + 1) << 4).update(excluded_at=timezone.now())

    snapshot = rows.take()

    assert {chunk.number for chunk in snapshot.index.chunks} == numbers - {left_out}
    assert snapshot.index.item_count == 64


@alone
def test_nothing_changed_writes_nothing(rows):
    rows.add(50)
    first, _ = rows.commit()

    second = rows.take()

    assert rows.written == [] and second.index == first.index


def test_after_any_changes_the_outcome_is_that_of_a_full_commit(rows, monkeypatch):
    rng = random.Random(3)
    rows.add(120)
    rows.commit()
    for _ in range(6):
        change(rows, rng)
        found, _ = rows.commit()

        with monkeypatch.context() as patch:
            patch.setattr(snapshots, "load_index", lambda version: None)
            fresh = rows.take()

        assert found.index.content_hash == fresh.index.content_hash
        assert found.index.item_count == fresh.index.item_count == Item.objects.filter(excluded_at=None).count()
        assert found.summary == fresh.summary


def change(rows: Rows, rng: random.Random) -> None:
    pks = list(Item.objects.values_list("pk", flat=True))
    chosen = rng.sample(pks, 5)
    services.record_labels(dataset=rows.dataset, labels=[(chosen[0], rng.choice(["a", "b", None]), None)])
    services.exclude_items(project=rows.project, user=rows.owner, item_ids=chosen[1:3])
    services.restore_items(project=rows.project, user=rows.owner, item_ids=pks[: rng.randrange(1, 20)])
    Item.objects.filter(pk=chosen[3]).delete()
    rows.add(rng.randrange(0, 4))


def test_a_change_that_is_committed_late_is_not_missed(rows):
    """A transaction that began before the snapshot, and ended after it, wrote rows with an older number."""
    rows.add(40)
    rows.commit()
    item = Item.objects.order_by("pk").first()
    known = ("host", "port", "dbname", "user", "password")
    where = {name: value for name, value in connection.get_connection_params().items() if name in known}
    with psycopg.connect(**where) as other:
        other.execute("UPDATE datasets_item SET label = 'late' WHERE id = %s", [item.pk])
        rows.add(1)
        rows.commit()
        other.commit()

    found, _ = rows.commit()

    (line,) = [r for r in selectors.list_version_items(selectors.find_latest_version(rows.project), size=500)[0]
               if r.item_id == item.pk]  # fmt: skip
    assert line.label == "late" and found.index.item_count == 41


def test_another_server_starts_from_scratch(rows):
    rows.add(40)
    rows.commit()
    version = selectors.find_latest_version(rows.project)
    version.snapshot = version.snapshot | {"system": "elsewhere"}
    version.save(update_fields=["snapshot"])

    rows.take()

    assert len(rows.written) >= 3


def test_what_is_too_large_to_sort_at_once_gives_the_same_version(rows, monkeypatch):
    rows.add(60)
    usual = rows.take()

    monkeypatch.setattr(chunks, "SORTED_BYTES", 0)
    monkeypatch.setattr(hashing, "PORTION_BYTES", 50)
    large = rows.take()

    assert large.index == usual.index
    paths = selectors.versions.locate_chunks(large.index.chunks)
    assert hashing.hash_content(paths) == list(usual.index.buckets)
