"""A commit beside an import: what goes into the version has been compared and has its side; the rest waits."""

from __future__ import annotations

import io
import threading
from collections import defaultdict

import pytest
from django.db import connection, connections

from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from tests.lifecycle.datasets.test_import import bring, make_project
from workers import runtime
from workers.tasks import version

pytestmark = pytest.mark.django_db(transaction=True)

GROUPS = [f"p{number}" for number in range(8)]
PATIENCE = 20  # seconds


def table(rows: range) -> bytes:
    lines = [f"{number * 0.37:.2f},{GROUPS[number % 8]},{number}" for number in rows]
    return "\n".join(["size,patient,target", *lines]).encode()


def run_elsewhere(job: Job) -> threading.Thread:
    """The job on a connection of its own, as another worker runs it."""

    def work() -> None:
        try:
            runtime.execute(job.pk, worker="other", has_heart=False)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def is_anybody_waiting() -> bool:
    """Whether an import stands before the door."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return cursor.fetchone()[0]


def test_rows_that_come_after_the_splits_were_made_are_not_in_the_version(owner, run_jobs, monkeypatch):
    project = make_project(owner, "tabular_regression")
    bring(project, owner, {"first.csv": table(range(160))}, run_jobs)
    dataset = selectors.get_dataset(project)
    ratios = {"train": 0.6, "validation": 0.2, "test": 0.2}
    services.update_splits(dataset=dataset, user=owner, ratios=ratios, policy={"kind": "group", "column": "patient"})
    collection = services.create_collection(dataset=dataset, user=owner)
    late = table(range(160, 320))
    services.store_file(
        project=project, user=owner, name="late.csv", file=io.BytesIO(late), byte_size=len(late), collection=collection
    )
    services.start_import(collection=collection, user=owner)
    coming = Job.objects.get(state=Job.State.QUEUED)
    commit = services.commit_version(dataset=dataset, user=owner, message="")
    threads = []
    take = services.take_snapshot

    def import_first(**given):
        threads.append(run_elsewhere(coming))
        while threads[0].is_alive() and not is_anybody_waiting():
            threads[0].join(0.05)
        return take(**given)

    monkeypatch.setattr(version.services, "take_snapshot", import_first)
    runtime.execute(commit.pk, worker="test", has_heart=False)
    threads[0].join(PATIENCE)

    commit.refresh_from_db()
    coming.refresh_from_db()
    assert (commit.state, coming.state) == ("succeeded", "succeeded"), commit.traceback + coming.traceback
    assert commit.result["item_count"] == 160
    assert Item.objects.filter(dataset=dataset).count() == 320
    last = selectors.find_latest_version(project).snapshot["last_item"]
    sides = defaultdict(set)
    for row, split in Item.objects.filter(dataset=dataset, pk__lte=last).values_list("row", "split"):
        sides[row["patient"]].add(split)
    assert [len(split) for split in sides.values()] == [1] * 8

    monkeypatch.undo()
    services.commit_version(dataset=dataset, user=owner, message="")
    run_jobs()

    for row, split in Item.objects.filter(dataset=dataset).values_list("row", "split"):
        sides[row["patient"]].add(split)
    assert selectors.find_latest_version(project).item_count == 320
    assert [len(split) for split in sides.values()] == [1] * 8


def test_imports_wait_until_they_are_let_in(owner):
    dataset = selectors.get_dataset(make_project(owner, "text_classification"))
    found = []

    def knock() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [services.loading.LOCK_SPACE, dataset.pk])
                found.append(cursor.fetchone()[0])
        finally:
            connections.close_all()

    def ask() -> bool:
        thread = threading.Thread(target=knock)
        thread.start()
        thread.join(PATIENCE)
        return found[-1]

    with services.hold_items(dataset) as let_go:
        assert not ask()
        let_go()
        assert ask()
    with pytest.raises(ZeroDivisionError), services.hold_items(dataset):
        raise ZeroDivisionError
    assert ask()
