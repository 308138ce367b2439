"""After a bulk load Postgres' planner knows how many rows there are, and is not asked to look for a handful."""

from __future__ import annotations

import pytest
from django.db import connection

from lifecycle.common import bulk
from tests.lifecycle.datasets.test_import import bring, make_project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def table():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE loaded (id bigint)")
        yield "loaded"
        cursor.execute("DROP TABLE loaded")


def load(rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO loaded SELECT * FROM generate_series(1, %s)", [rows])


def guess(table: str = "loaded") -> int:
    """How many rows the planner takes the table to have; -1 before it looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return int(cursor.fetchone()[0])


def test_an_import_says_how_many_items_tasks_and_labels_there_are(owner, run_jobs):
    lines = [f"sentence number {number},{'fresh' if number % 2 else 'rotten'}" for number in range(1_500)]
    project = make_project(owner, "text_classification")

    bring(project, owner, {"a.csv": "\n".join(["text,label", *lines]).encode()}, run_jobs)

    assert [guess(name) for name in ("datasets_item", "annotations_task", "annotations_annotation")] == [1_500] * 3


def test_a_load_is_looked_at_and_a_few_rows_are_not(table):
    load(5_000)
    bulk.refresh_statistics(table)
    assert guess() == 5_000

    load(500)
    bulk.refresh_statistics(table)
    assert guess() == 5_000

    load(2_000)
    bulk.refresh_statistics(table)
    assert guess() == 7_500
