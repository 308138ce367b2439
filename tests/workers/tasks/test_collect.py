"""Collecting from databases, folders and uploads, from the click to the items."""

from __future__ import annotations

import json
import sqlite3

import pytest

from lifecycle.annotations.models import Task
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.sources import services
from lifecycle.sources.models import SourceRow, SourceRowChange
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    return tmp_path


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="tabular_classification")


@pytest.fixture
def shop(folder):
    """An SQLite file with five customers."""
    path = folder / "shop.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, age INT, country TEXT, label TEXT, changed TEXT)")
        base.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
            [(n, 20 + n, "NL" if n % 2 else "DE", "yes" if n % 2 else "no", f"2026-01-0{n}") for n in range(1, 6)],
        )
    return path


def change(path, *statements):
    with sqlite3.connect(path) as base:
        for statement in statements:
            base.execute(statement)


@pytest.fixture
def make(project, owner, run_jobs):
    def create(kind, config, contract=None, **more):
        source = services.create_source(
            dataset=project.datasets.get(), user=owner, kind=kind, title="Customers", config=config, **more
        )
        if contract:
            services.save_contract(source=source, user=owner, contract=contract)
        return source

    return create


@pytest.fixture
def read(owner, run_jobs):
    """Run a source; the finished run. Fails with the job's error."""

    def run(source, **options):
        found = services.run_source(source=source, user=owner, **options)
        run_jobs()
        found.refresh_from_db()
        found.collection.refresh_from_db()
        job = Job.objects.get(pk=found.collection.job_id)
        assert job.state == "succeeded", (job.error, job.traceback)
        source.refresh_from_db()
        return found

    return run


def counts(run):
    collection = run.collection
    return (collection.accepted, collection.duplicates, collection.rejected, run.updated)


CUSTOMERS = {
    "columns": [
        {"name": "id", "type": "integer", "required": True},
        {"name": "age", "type": "integer", "minimum": 0, "maximum": 120},
        {"name": "country", "type": "category", "allowed": ["NL", "DE"]},
        {"name": "label", "type": "category"},
        {"name": "changed", "type": "date"},
    ],
    "key": ["id"],
}


def live(project):
    return {item.row["age"]: item for item in Item.objects.filter(dataset__project=project, excluded_at=None)}


def test_a_table_is_read_and_read_again_without_effect(make, read, shop, project):
    source = make("sql", {"url": f"sqlite:///{shop}", "table": "customers"})

    first, second = read(source), read(source)

    assert (counts(first), counts(second)) == ((5, 0, 0, 0), (0, 5, 0, 0))
    assert first.read == second.read == 5
    item = live(project)[21]
    assert (item.row, item.label) == ({"age": 21, "changed": "2026-01-01", "country": "NL"}, "yes")
    assert item.source_uri == "Customers#1"
    assert source.contract["key"] == ["id"]  # inferred by the first run
    assert [version.origin for version in source.contract_versions.all()] == ["first run"]
    assert SourceRow.objects.count() == 5


def test_a_changed_row_gets_a_new_item_and_keeps_its_history_and_split(make, read, shop, project):
    source = make("sql", {"url": f"sqlite:///{shop}", "table": "customers"}, CUSTOMERS)
    read(source)
    old = live(project)[23]
    Item.objects.filter(pk=old.pk).update(split="test")

    change(shop, "UPDATE customers SET age = 33 WHERE id = 3")
    run = read(source)

    new = live(project)[33]
    assert counts(run) == (1, 4, 0, 1)
    assert 23 not in live(project) and new.split == "test"
    change_row = SourceRowChange.objects.get()
    assert (change_row.old_item_id, change_row.new_item_id, change_row.key) == (old.pk, new.pk, "id=3")
    assert change_row.collection_id == run.collection_id and change_row.is_excluded

    change(shop, "UPDATE customers SET age = 23 WHERE id = 3")
    back = read(source)

    assert counts(back) == (0, 5, 0, 1)
    assert live(project)[23].pk == old.pk and 33 not in live(project)


def test_what_a_person_excluded_stays_out(make, read, shop, project, owner):
    source = make("sql", {"url": f"sqlite:///{shop}", "table": "customers"}, CUSTOMERS)
    read(source)
    change(shop, "UPDATE customers SET age = 33 WHERE id = 3")
    read(source)
    from lifecycle.datasets.services import exclude_items, restore_items

    old = Item.objects.get(row__age=23)
    restore_items(project=project, user=owner, item_ids=[old.pk])
    exclude_items(project=project, user=owner, item_ids=[old.pk])

    change(shop, "UPDATE customers SET age = 23 WHERE id = 3")
    read(source)

    assert 23 not in live(project)


def test_a_changed_label_is_a_label_not_a_new_item(make, read, shop, project):
    source = make("sql", {"url": f"sqlite:///{shop}", "table": "customers"}, CUSTOMERS)
    read(source)

    change(shop, "UPDATE customers SET label = 'no' WHERE id = 1")
    run = read(source)

    assert counts(run) == (0, 5, 0, 0)
    assert run.collection.labeled == 1
    assert live(project)[21].label == "no"


def test_a_changed_label_is_in_the_history_of_its_row_once_and_only_where_it_counts(make, read, shop, project, client):
    source = make("sql", {"url": f"sqlite:///{shop}", "table": "customers"}, CUSTOMERS)
    read(source)
    change(shop, "UPDATE customers SET label = 'no' WHERE id = 1", "UPDATE customers SET label = 'no' WHERE id = 3")
    said = live(project)[23]
    assert Task.objects.filter(item=said, overlap=1).update(answers=1)  # as when a person has said “yes”

    run, again = read(source), read(source)

    told = SourceRowChange.objects.get()
    item = live(project)[21]
    assert (told.key, told.old_item_id, told.new_item_id) == ("id=1", item.pk, item.pk)
    assert (told.old_label, told.new_label, told.collection_id) == ("yes", "no", run.collection_id)
    assert live(project)[23].label == "yes"  # a person said so
    assert (run.updated, again.updated) == (0, 0)
    client.force_login(source.created_by)
    page = client.get(f"/projects/{project.slug}/sources/{source.pk}/changes").content.decode()
    assert "label “yes”" in page and "label “no” of" in page
    page = client.get(f"/projects/{project.slug}/items/{item.pk}").content.decode()
    assert "Its source said “no” in place of “yes”" in page


def test_a_cursor_reads_only_what_is_new_and_what_shares_the_last_value(make, read, shop):
    config = {"url": f"sqlite:///{shop}", "query": "SELECT * FROM customers", "cursor_column": "changed"}
    source = make("sql", config, CUSTOMERS)
    assert read(source).read == 5
    assert source.cursor_value == {"type": "str", "value": "2026-01-05"}

    change(
        shop,
        "INSERT INTO customers VALUES (6, 26, 'NL', 'no', '2026-01-05')",  # came late, same day
        "INSERT INTO customers VALUES (7, 27, 'NL', 'no', '2026-01-06')",
        "UPDATE customers SET age = 99 WHERE id = 1",  # its time did not change: not seen
    )
    run = read(source)

    assert (run.read, counts(run)) == (3, (2, 1, 0, 0))
    assert source.cursor_value["value"] == "2026-01-06"
    assert read(source, is_full=True).updated == 1


def test_rows_that_break_the_contract_are_set_aside_with_line_and_cells(make, read, shop, project):
    source = make("sql", {"url": f"sqlite:///{shop}", "table": "customers"}, CUSTOMERS)
    change(
        shop,
        "INSERT INTO customers VALUES (6, 230, 'NL', 'no', '2026-01-05')",
        "INSERT INTO customers VALUES (7, 27, 'XX', 'no', '2026-01-06')",
        "INSERT INTO customers VALUES (8, 28, 'NL', 'no', 'some day')",
    )

    run = read(source)

    assert counts(run) == (5, 0, 3, 0)
    stream = open_blobs_of(run)
    entries = [json.loads(line) for line in stream.splitlines()]
    assert [(entry["line"], entry["reason"]) for entry in entries] == [
        (6, "column age: '230' is more than 120"),
        (7, "column country: 'XX' is none of the allowed values"),
        (8, "column changed: 'some day' is not a date"),
    ]
    assert entries[0]["row"] == {"id": 6, "age": 230, "country": "NL", "label": "no", "changed": "2026-01-05"}
    assert run.observed["age"]["maximum"] == 28


def open_blobs_of(run):
    from django.conf import settings

    return open_blobs(settings.STORAGE_URL).get(run.collection.rejects_blob)


def test_the_column_of_the_date_says_what_moment_a_row_is_of_and_stays_a_column(make, read, shop):
    config = {"url": f"sqlite:///{shop}", "table": "customers"}
    source = make("sql", config)
    source.mapping = {"label": "label", "time": "changed"}
    source.save(update_fields=["mapping"])

    read(source)

    item = Item.objects.get(row__age=23)
    assert (item.event_time.isoformat(), item.event_time_origin) == ("2026-01-03T00:00:00+00:00", "column changed")
    assert item.row["changed"] == "2026-01-03"
