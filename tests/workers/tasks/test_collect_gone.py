"""Rows and files that a source does not have any more: noticed where a run can know, excluded and taken back."""

# ruff: noqa: F811
from __future__ import annotations

import io

import pytest

from lifecycle.datasets.models import Item
from lifecycle.datasets.services.uploads import store_file
from lifecycle.sources import selectors, services
from lifecycle.sources.models import SourceRow
from tests import factories
from tests.workers.engines.collect.test_companions import write
from tests.workers.engines.collect.test_files import picture
from tests.workers.engines.ingest.test_label_formats import zip_of
from tests.workers.tasks.test_collect import CUSTOMERS, change, folder, make, project, read, shop  # noqa: F401

pytestmark = pytest.mark.django_db

KEYLESS = {"columns": CUSTOMERS["columns"], "key": []}
ROWS = "id,age,country,label\n"


@pytest.fixture
def base(make, shop):
    def create(contract=CUSTOMERS, **more):
        return make("sql", {"url": f"sqlite:///{shop}", "table": "customers"} | more, contract)

    return create


def gone(source):
    """What stands of the source in the list of what is gone: where each row or file stood."""
    return sorted(row.item.source_uri for row in selectors.list_gone(source))


def standing():
    return sorted(item.source_uri for item in Item.objects.filter(excluded_at=None))


@pytest.mark.parametrize("contract", [CUSTOMERS, KEYLESS], ids=["key", "no key"])
def test_rows_deleted_from_a_table_are_listed_excluded_and_taken_back(contract, base, read, shop, owner):
    source = base(contract)
    first = read(source)

    change(shop, "DELETE FROM customers WHERE id IN (2, 4)")
    second = read(source)

    assert (first.gone, second.gone, gone(source)) == (0, 2, ["Customers#2", "Customers#4"])
    assert selectors.count_gone(source) == {"items": 2, "standing": 2, "excluded": 0}
    assert len(standing()) == 5 and selectors.count_rows(source) == 3
    assert services.exclude_gone(source=source, user=owner) == 2
    assert standing() == ["Customers#1", "Customers#3", "Customers#5"]
    assert selectors.count_gone(source) == {"items": 2, "standing": 0, "excluded": 2}
    assert services.restore_gone(source=source, user=owner) == 2 and len(standing()) == 5
    assert selectors.count_gone(source) == {"items": 2, "standing": 2, "excluded": 0}


def test_what_a_person_excluded_or_restored_since_stays_so(base, read, shop, owner):
    source = base()
    read(source)
    change(shop, "DELETE FROM customers WHERE id < 4")
    read(source)
    one, two, three = Item.objects.filter(source_uri__in=["Customers#1", "Customers#2", "Customers#3"]).order_by("pk")
    Item.objects.filter(pk=one.pk).update(excluded_at=one.created_at)

    services.exclude_gone(source=source, user=owner)
    Item.objects.filter(pk=two.pk).update(excluded_at=None)
    services.restore_gone(source=source, user=owner)

    assert standing() == ["Customers#2", "Customers#3", "Customers#4", "Customers#5"]


def test_a_row_that_comes_back_brings_its_item_back(base, read, shop, owner):
    source = base()
    read(source)
    change(shop, "CREATE TABLE away AS SELECT * FROM customers WHERE id < 3", "DELETE FROM customers WHERE id < 3")
    read(source)
    services.exclude_gone(source=source, user=owner)

    change(shop, "INSERT INTO customers SELECT * FROM away", "UPDATE customers SET age = 99 WHERE id = 2")
    run = read(source)

    assert (run.updated, run.gone, gone(source)) == (1, 0, [])
    assert sorted(item.row["age"] for item in Item.objects.filter(excluded_at=None)) == [21, 23, 24, 25, 99]
    change(shop, "UPDATE customers SET age = 22 WHERE id = 2")
    read(source)
    assert sorted(item.row["age"] for item in Item.objects.filter(excluded_at=None)) == [21, 22, 23, 24, 25]


def test_a_row_that_is_set_aside_is_there(base, read, shop):
    source = base()
    read(source)

    change(shop, "UPDATE customers SET age = 1000 WHERE id = 2", "DELETE FROM customers WHERE id = 3")
    run = read(source)

    assert (run.collection.rejected, run.gone, gone(source)) == (1, 1, ["Customers#3"])


def test_where_rows_without_a_key_are_set_aside_nothing_is_said(base, read, shop):
    source = base(KEYLESS)
    read(source)

    change(shop, "UPDATE customers SET age = 1000 WHERE id = 2", "DELETE FROM customers WHERE id = 3")
    run = read(source)

    assert (run.gone, gone(source)) == (None, [])


def test_a_cursor_can_not_know_and_a_full_read_can(base, read, shop):
    source = base(cursor_column="changed")
    read(source)

    change(shop, "DELETE FROM customers WHERE id = 1")
    some = read(source)
    assert (some.gone, gone(source)) == (None, [])

    assert (read(source, is_full=True).gone, gone(source)) == (1, ["Customers#1"])


def test_a_read_that_fails_half_way_says_nothing(base, read, shop):
    source = base()
    read(source)

    change(shop, "ALTER TABLE customers RENAME TO lost")
    with pytest.raises(AssertionError, match="lost|customers"):
        read(source)

    assert gone(source) == []


def test_what_came_in_another_way_stays(base, read, shop, project, owner):
    source, other = base(), base()
    read(source)
    read(other)
    change(shop, "DELETE FROM customers WHERE id < 3")
    read(other)

    assert gone(other) == [] and services.exclude_gone(source=other, user=owner) == 0
    assert len(standing()) == 5
    read(source)

    assert gone(source) == gone(other) == ["Customers#1", "Customers#2"]
    assert (
        selectors.count_gone(other)["standing"] == 0
    )  # the first source brought them: it is the one to leave them out
    assert services.exclude_gone(source=source, user=owner) == 2


@pytest.fixture
def files(folder, owner):
    """A source of files of an item kind, and its folder."""

    def create(problem_type, **more):
        place = folder / "set"
        place.mkdir()
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        dataset = project.datasets.get()
        return place, services.create_source(
            dataset=dataset, user=owner, kind="folder", title="Set", config={"path": str(place)}
        )

    return create


def test_files_deleted_from_a_folder_are_noticed_by_a_run_that_reads_nothing(files, read, owner):
    place, source = files("image_classification")
    write(place, {"cat/a.png": picture("red"), "cat/b.png": picture("blue"),
                  "more.zip": zip_of({"cat/c.png": picture("green"), "cat/d.png": picture("white")})})  # fmt: skip
    read(source)

    (place / "cat/a.png").unlink()
    (place / "more.zip").unlink()
    run = read(source)

    assert (run.read, run.gone) == (0, 3)
    assert gone(source) == ["cat/a.png", "more.zip!cat/c.png", "more.zip!cat/d.png"]
    services.exclude_gone(source=source, user=owner)
    assert standing() == ["cat/b.png"]

    write(place, {"cat/a.png": picture("red")})
    run = read(source)

    assert (run.collection.accepted, run.gone, standing()) == (0, 0, ["cat/a.png", "cat/b.png"])
    assert gone(source) == ["more.zip!cat/c.png", "more.zip!cat/d.png"]


def test_members_that_an_archive_lost_are_noticed_and_broken_ones_are_there(files, read):
    place, source = files("image_classification")
    pictures = {f"cat/{name}.png": picture(name) for name in ("red", "blue", "green")}
    write(place, {"more.zip": zip_of(pictures)})
    read(source)

    write(place, {"more.zip": zip_of({"cat/red.png": pictures["cat/red.png"], "cat/blue.png": b"broken"})})
    run = read(source)

    assert (run.collection.rejected, gone(source)) == (1, ["more.zip!cat/green.png"])
    write(place, {"more.zip": b"PK\x03\x04 cut off"})
    assert (read(source).gone, gone(source)) == (0, ["more.zip!cat/green.png"])


@pytest.mark.parametrize("key", [["id"], []], ids=["key", "no key"])
def test_rows_that_left_a_file_are_noticed_and_those_that_moved_or_stand_twice_are_there(files, read, owner, key):
    place, source = files("tabular_classification")
    services.save_contract(source=source, user=owner, contract={"columns": CUSTOMERS["columns"][:4], "key": key})
    one, two, three, four = "1,21,NL,yes\n", "2,22,DE,no\n", "3,23,NL,yes\n", "4,24,DE,no\n"
    write(place, {"a.csv": ROWS + one + two + three, "b.csv": ROWS + three + four})
    assert read(source).gone == 0

    write(place, {"a.csv": ROWS + one, "c.csv": ROWS + two})  # the second row moved, the third stands in b.csv too
    read(source)
    assert gone(source) == []

    write(place, {"c.csv": ROWS + four})
    read(source)
    assert gone(source) == ["a.csv#3"]

    (place / "b.csv").unlink()
    read(source, is_full=True)
    assert gone(source) == ["a.csv#3", "a.csv#4"]


def test_a_table_whose_lines_cannot_be_read_says_nothing_of_its_rows(files, read, owner):
    place, source = files("tabular_classification")
    write(place, {"a.csv": ROWS + "".join(f"{n},{n + 20},NL,yes\n" for n in range(1, 9))})
    read(source)

    write(place, {"a.csv": ROWS + "1,21,NL,yes\n2,22,NL,yes,too,many,cells\n"})
    run = read(source)

    assert (run.collection.rejected, run.gone, gone(source)) == (1, 0, [])


def test_a_corrected_file_says_nothing_and_its_rows_are_there(files, read, owner, project):
    place, source = files("tabular_classification")
    services.save_contract(source=source, user=owner, contract=CUSTOMERS)
    write(place, {"a.csv": "id,age,country,label,changed\n1,21,NL,yes,2026-01-01\n2,1000,NL,no,2026-01-01\n"})
    read(source)
    fixed = b"id,age,country,label,changed\n2,22,NL,no,2026-01-01\n"
    upload = store_file(project=source.dataset.project, user=owner, name="fixed.csv", file=io.BytesIO(fixed),
                        byte_size=len(fixed))  # fmt: skip

    fixed = read(source, uploads=[upload.pk], trigger="fix")
    later = read(source)

    assert (fixed.gone, later.gone, gone(source)) == (None, 0, [])
    assert SourceRow.objects.filter(source=source, gone_at=None).count() == 2
