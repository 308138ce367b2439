# ruff: noqa: F811
"""Pictures that lie in the cells of a database."""

from __future__ import annotations

import io
import sqlite3

import duckdb
import psycopg
import pytest
from django.db import connection
from PIL import Image

from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.sources import selectors, services
from lifecycle.sources.models import SourceRowChange
from tests import factories
from tests.workers.engines.collect.test_files import picture
from tests.workers.tasks.test_collect import folder, read  # noqa: F401

pytestmark = pytest.mark.django_db
COLUMNS = "id INTEGER PRIMARY KEY, kind TEXT, side TEXT, owner TEXT, note {blob}, photo {blob}"


def webp(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(out, "WEBP")
    return out.getvalue()


ROWS = [
    (1, "cat", "train", "ada", b"no picture", picture("red")),
    (2, "dog", "test", "bob", None, picture("blue")),
    (3, "cat", None, "cyd", None, webp("green")),
    (4, "dog", None, "dan", None, b"\x89PNG\r\n\x1a\n broken"),
    (5, "dog", None, "eve", None, None),
]


@pytest.fixture
def pets(folder):
    path = folder / "pets.db"
    with sqlite3.connect(path) as base:
        base.execute(f"CREATE TABLE pets ({COLUMNS.format(blob='BLOB')})")
        base.executemany("INSERT INTO pets VALUES (?, ?, ?, ?, ?, ?)", ROWS)
    return path


@pytest.fixture
def make(owner):
    def create(url, **config):
        project = factories.ProjectFactory(owner=owner, problem_type="image_classification")
        config = {"url": url, "query": "SELECT * FROM pets ORDER BY id"} | config
        source = services.create_source(
            dataset=project.datasets.get(), user=owner, kind="sql", title="Pets", config=config
        )
        services.update_source(source=source, user=owner, mapping={"label": "kind", "split": "side", "group": "owner"})
        source.refresh_from_db()
        return source

    return create


def standing():
    return {item.source_uri: item for item in Item.objects.filter(excluded_at=None)}


def test_pictures_come_with_their_labels_and_the_broken_ones_are_set_aside_with_their_rows(make, read, pets):
    source = make(f"sqlite:///{pets}")

    run = read(source)
    again = read(source)

    items = standing()
    assert {uri: (item.label, item.mime, item.group) for uri, item in items.items()} == {
        "Pets#1": ("cat", "image/png", "ada"), "Pets#2": ("dog", "image/png", "bob"),
        "Pets#3": ("cat", "image/webp", "cyd"),
    }  # fmt: skip
    assert (items["Pets#1"].split, items["Pets#2"].split) == ("train", "test")
    assert (run.collection.accepted, run.collection.rejected, again.collection.accepted) == (3, 2, 0)
    rejects = [(one.source, one.line, one.reason[:20]) for one in run.collection.rejects.order_by("line")]
    assert rejects == [("Pets", 4, "this is not a pictur"), ("Pets", 5, "the row holds no pic")]
    assert source.contract["key"] == ["id"] and "photo" not in [rule["name"] for rule in source.contract["columns"]]


def test_a_picture_that_changed_takes_the_place_of_its_row_and_a_deleted_one_is_gone(make, read, pets):
    source = make(f"sqlite:///{pets}", picture_column="photo")
    read(source)
    old = standing()["Pets#1"]

    with sqlite3.connect(pets) as base:
        base.execute("UPDATE pets SET photo = ? WHERE id = 1", [picture("white")])
        base.execute("UPDATE pets SET kind = 'wolf' WHERE id = 2")
        base.execute("DELETE FROM pets WHERE id = 3")
    run = read(source)

    relabeled, change = SourceRowChange.objects.all()
    assert (change.old_item_id, change.key, run.updated, run.gone) == (old.pk, "id=1", 1, 1)
    assert (relabeled.key, relabeled.new_label, relabeled.old_item) == ("id=2", "wolf", relabeled.new_item)
    assert standing()["Pets#2"].label == "wolf"
    assert [row.item.source_uri for row in selectors.list_gone(source)] == ["Pets#3"]


def test_duckdb_and_postgres_have_pictures_too(make, read, folder, settings, monkeypatch):
    with duckdb.connect(str(folder / "pets.duckdb")) as base:
        base.execute(f"CREATE TABLE pets ({COLUMNS.format(blob='BLOB')})")
        base.executemany("INSERT INTO pets VALUES (?, ?, ?, ?, ?, ?)", ROWS)
    assert read(make(f"duckdb:///{folder / 'pets.duckdb'}")).collection.accepted == 3

    settings.SOURCE_ADDRESSES = "true"
    own = connection.get_connection_params()
    monkeypatch.setenv("PGHOST", own["host"])
    name = "pets_of_a_source"
    with psycopg.connect(host=own["host"], user=own["user"], dbname="postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(host=own["host"], user=own["user"], dbname=name) as base:
        base.execute(f"CREATE TABLE pets ({COLUMNS.format(blob='BYTEA')})")
        with base.cursor() as cursor:
            cursor.executemany("INSERT INTO pets VALUES (%s, %s, %s, %s, %s, %s)", ROWS)
    assert read(make(f"postgresql://{own['user']}@/{name}")).collection.accepted == 3


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"picture_column": "face"}, "'face' is not in the result"),
        ({"query": "SELECT id, kind FROM pets"}, "No column"),
    ],
)
def test_where_there_are_no_pictures_the_run_says_so(config, says, make, owner, pets, run_jobs):
    source = make(f"sqlite:///{pets}", **config)
    services.update_source(source=source, user=owner, mapping={})

    run = services.run_source(source=source, user=owner)
    run_jobs()

    assert says in Job.objects.get(pk=run.collection.job_id).error
