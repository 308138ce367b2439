"""Rows that came in before there were fingerprints, or through a door that makes none, get theirs with the next commit,
and stay beside their copies from then on."""

from __future__ import annotations

import random

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Dataset, Item
from lifecycle.datasets.services import row_prints
from tests import factories
from tests.lifecycle.datasets.test_split_rounds import (
    commit,
    import_rows,
    list_units,
    make_rows,
    make_table,
    set_policy,
)
from workers.engines.ingest.row_prints import print_rows, settle_spreads

pytestmark = pytest.mark.django_db


def forget_prints(project) -> None:
    """As rows and their dataset were before there were fingerprints."""
    Item.objects.filter(dataset__project=project).update(fingerprint=None)
    Dataset.objects.filter(project=project).update(spreads={})


def fill(project, recording=None) -> int:
    return services.fill_row_prints(
        dataset=selectors.get_dataset(project), settle_spreads=settle_spreads, print_rows=print_rows,
        recording=recording or transaction.atomic, report=lambda fraction, message: None,
    )  # fmt: skip


def read_prints(project) -> dict[str, int | None]:
    return dict(Item.objects.filter(dataset__project=project).values_list("content_hash", "fingerprint"))


def add_row(project, number: int, row: dict) -> Item:
    return factories.ItemFactory(dataset=selectors.get_dataset(project), content_hash=f"{number:064x}", row=row)


@pytest.mark.parametrize("kind", ["ratio", "stratified", "group"])
def test_copies_of_rows_from_before_join_them(kind, owner, run_jobs):
    """Old rows lie in a version, others wait for one; copies come later."""
    rng = random.Random(4)
    rows = [row | {"who": ""} for row in make_rows(rng, 60)]
    old, waiting = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    copies = [row | {"price": f"{float(row['price']) + 0.01:.6f}", "kind": " ROUND"} for row in old[::2]]
    project = make_table(owner)
    import_rows(project, owner, old, run_jobs)
    commit(project, owner, run_jobs)
    import_rows(project, owner, waiting, run_jobs)
    forget_prints(project)
    import_rows(project, owner, copies, run_jobs)
    set_policy(project, owner, kind)

    commit(project, owner, run_jobs)

    assert None not in read_prints(project).values()
    units = list_units(project)
    assert sum(len(unit) > 1 for unit in units) > len(copies) * 0.9
    frozen = set(Item.objects.filter(dataset__project=project).order_by("pk").values_list("pk", flat=True)[: len(old)])
    for unit in units:
        sides = {item.split for item in unit if item.pk in frozen}
        newer = {item.split for item in unit if item.pk not in frozen}
        assert len(newer) <= 1 and (not sides or newer <= sides)


def test_what_is_filled_in_is_what_an_import_gives_in_any_number_of_batches(owner, run_jobs, monkeypatch):
    monkeypatch.setattr(row_prints, "AT_ONCE", 7)
    project = make_table(owner)
    import_rows(project, owner, make_rows(random.Random(6), 40), run_jobs)
    imported = read_prints(project)
    forget_prints(project)

    filled = fill(project)

    assert filled == len(imported) and read_prints(project) == imported


def test_a_killed_attempt_goes_on_where_it_broke_off(owner, run_jobs, monkeypatch):
    monkeypatch.setattr(row_prints, "AT_ONCE", 10)
    project = make_table(owner)
    import_rows(project, owner, make_rows(random.Random(8), 40), run_jobs)
    imported = read_prints(project)
    forget_prints(project)
    begun = []

    def die_in_the_fourth():
        begun.append(1)
        if len(begun) == 4:
            raise KeyboardInterrupt
        return transaction.atomic()

    with pytest.raises(KeyboardInterrupt):
        fill(project, die_in_the_fourth)
    left = list(read_prints(project).values()).count(None)
    rest = fill(project)

    assert 0 < left == rest < len(imported) and read_prints(project) == imported


def test_rows_of_any_shape_get_one(owner):
    """A door that takes what it is sent may bring words where numbers are, lists, nothing."""
    project = make_table(owner)
    columns = [{"name": name, "kind": "number"} for name in "abc"] + [{"name": "d", "kind": "category"}]
    Dataset.objects.filter(project=project).update(columns=columns)
    plain = [add_row(project, n, {"a": n, "b": n * 2, "c": n * 3.5, "d": "x"}) for n in range(1, 41)]
    odd = [{"a": "many"}, {"a": "few"}, {"a": True, "b": [1, {"c": None}], "d": None}, {"other": "日本 🌾"}, {}]
    items = [add_row(project, 100 + n, row) for n, row in enumerate(odd)]
    twin = add_row(project, 200, {"a": 7, "b": 14.001, "c": 24.5, "d": " X"})

    fill(project)

    prints = {item.pk: item.fingerprint for item in Item.objects.filter(dataset__project=project)}
    assert None not in prints.values()
    assert len({prints[item.pk] for item in items}) == len(odd)
    assert prints[twin.pk] == prints[plain[6].pk]


def test_that_there_is_nothing_to_do_is_one_question_of_an_index(owner, run_jobs):
    project = make_table(owner)
    import_rows(project, owner, make_rows(random.Random(9), 20), run_jobs)

    with CaptureQueriesContext(connection) as asked:
        filled = fill(project)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE datasets_item")  # what other tests left in the statistics decides nothing
        cursor.execute("EXPLAIN " + row_prints._UNPRINTED, [selectors.get_dataset(project).pk, 0, 1])
        plan = " ".join(line for (line,) in cursor.fetchall())

    assert filled == 0 and len(asked) <= 3
    assert "item_unprinted" in plan
