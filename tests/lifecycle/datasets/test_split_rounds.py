"""Rounds of imports and versions through the real services, by every policy: what was in a version never moves, and
near-duplicates and groups stay on one side. Tables, since they have both, and times and classes as well."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Item
from lifecycle.datasets.settling import list_empty_splits
from lifecycle.datasets.splitting import KINDS
from lifecycle.pipelines.datacards import write_data_card
from tests.lifecycle.datasets.test_import import bring, make_project

pytestmark = pytest.mark.django_db

NAMES = ["width", "height", "weight", "price", "kind", "day", "who", "class"]
SPREAD = 90.0  # of numbers from 0 to 100
RATIOS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def make_rows(rng: random.Random, count: int, people: int = 7) -> list[dict]:
    """Originals and copies of some; `unit` says which are one. A copy may have no group, or its original's."""
    rows = []
    for unit in range(count):
        numbers = [rng.uniform(0, 100) for _ in range(4)]
        group = f"person {unit % people}" if rng.random() < 0.3 else ""
        label = rng.choice("ab")
        for copy in range(rng.choice([1, 1, 1, 2, 3])):
            moved = [number + (rng.uniform(-1, 1) * 0.0015 * SPREAD if copy else 0) for number in numbers]
            kind = rng.choice(["round", " Round", "ROUND "])
            cells = [*(f"{number:.6f}" for number in moved), kind, f"2026-{unit % 12 + 1:02d}-{unit % 28 + 1:02d}"]
            rows.append(dict(zip(NAMES, [*cells, group if copy != 1 else "", label], strict=True)))
    return rows


def to_csv(rows: list[dict]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, NAMES)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def import_rows(project, owner, rows: list[dict], run_jobs) -> None:
    mapping = {"label": "class", "group": "who"}
    bring(project, owner, {"rows.csv": to_csv(rows)}, run_jobs, mapping=mapping)


def commit(project, owner, run_jobs) -> None:
    services.commit_version(dataset=selectors.get_dataset(project), user=owner)
    run_jobs()


def make_table(owner):
    return make_project(owner, "tabular_classification", ["a", "b"])


def set_policy(project, owner, kind: str) -> None:
    """Once there are rows: the column of the times must be known."""
    policy = {"kind": kind, "column": "day" if kind == "time" else ""}
    services.update_splits(dataset=selectors.get_dataset(project), user=owner, ratios=RATIOS, policy=policy)


def read_splits(project) -> dict[str, str]:
    return dict(Item.objects.filter(dataset__project=project).values_list("content_hash", "split"))


def list_units(project) -> list[list[Item]]:
    """Items joined by group or fingerprint, with what is joined to those."""
    items = list(Item.objects.filter(dataset__project=project).order_by("pk"))
    units: dict[str, set[int]] = {}
    for place, item in enumerate(items):
        keys = [f"near {item.fingerprint}", *([f"group {item.group}"] if item.group else [])]
        joined = {place}.union(*(units.get(key, set()) for key in keys))
        ends = {key for at in joined for key in (f"near {items[at].fingerprint}", f"group {items[at].group}")}
        for key in {*keys, *ends} - {"group "}:
            units[key] = joined
    return [[items[place] for place in places] for places in {min(unit): unit for unit in units.values()}.values()]


@pytest.mark.parametrize(("seed", "kind"), list(enumerate(KINDS)))
def test_old_items_stay_and_new_ones_never_part_a_unit(kind, seed, owner, run_jobs):
    check_rounds(kind, seed, owner, run_jobs, units=24)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10**6))
@hypothesis_settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_so_it_is_for_any_rows(kind, seed, owner, run_jobs):
    check_rounds(kind, seed, owner, run_jobs, units=40)


def check_rounds(kind, seed, owner, run_jobs, units: int) -> None:
    """Four rounds of two imports and a version each."""
    rng = random.Random(seed)
    project = make_table(owner)
    rows = make_rows(rng, units)
    rng.shuffle(rows)
    cuts = sorted(rng.sample(range(10, len(rows)), 3))
    frozen: dict[str, str] = {}

    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        half = (start + end) // 2
        for part in (rows[start:half], rows[half:end]):  # two imports between one version and the next
            if part:
                import_rows(project, owner, part, run_jobs)
        if not frozen and rng.random() < 0.8:  # else by share alone, as the imports chose
            set_policy(project, owner, kind)
        commit(project, owner, run_jobs)

        splits = read_splits(project)
        assert {key: splits[key] for key in frozen} == frozen
        for unit in list_units(project):
            old = {frozen[item.content_hash] for item in unit if item.content_hash in frozen}
            new = {item.split for item in unit if item.content_hash not in frozen}
            assert len(new) <= 1 and (not old or new <= old), (kind, old, new)
        frozen = splits
    assert len(frozen) == len(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_another_order_of_the_same_rows_gives_the_same_splits(kind, owner, run_jobs):
    rows = make_rows(random.Random(5), 60)
    found = []
    for order in (1, 2):
        project = make_table(owner)
        random.Random(order).shuffle(rows)
        import_rows(project, owner, rows, run_jobs)
        set_policy(project, owner, kind)
        commit(project, owner, run_jobs)
        found.append(read_splits(project))

    assert found[0] == found[1]


@pytest.mark.parametrize("kind", KINDS)
def test_shares_are_near_the_ratio_for_many_units(kind, owner, run_jobs):
    project = make_table(owner)

    import_rows(project, owner, make_rows(random.Random(1), 900, people=200), run_jobs)
    set_policy(project, owner, kind)
    commit(project, owner, run_jobs)

    splits = list(read_splits(project).values())
    for split, share in RATIOS.items():
        assert abs(splits.count(split) / len(splits) - share) < 0.08


def test_small_sets_are_topped_up_without_parting_near_duplicates(owner, run_jobs):
    """A few labeled items move into test where chance gave it none; not one of two that are nearly the same."""
    project = make_table(owner)
    rng = random.Random(3)
    rows = [row | {"who": ""} for row in make_rows(rng, 16)]
    twins = [row | {"kind": "ROUND", "price": f"{float(row['price']) + 0.01:.6f}"} for row in rows[:6]]

    import_rows(project, owner, rows + twins, run_jobs)
    commit(project, owner, run_jobs)

    sides = defaultdict(set)
    for item in Item.objects.filter(dataset__project=project):
        sides[item.fingerprint].add(item.split)
    assert all(len(splits) == 1 for splits in sides.values())
    assert {split for splits in sides.values() for split in splits} == set(RATIOS)


@pytest.mark.parametrize("kind", ["ratio", "group"])
def test_few_groups_fill_every_split_and_one_group_is_said(kind, owner, run_jobs):
    few, one, rng = make_table(owner), make_table(owner), random.Random(3)
    for project, people in ((few, 3), (one, 1)):
        cells = [[*rng.sample(range(1000), 4), "round", "2026-01-01"] for _ in range(40)]
        rows = [
            dict(zip(NAMES, [*row, f"person {at % people}", "ab"[at % 2]], strict=True)) for at, row in enumerate(cells)
        ]
        import_rows(project, owner, rows, run_jobs)
        set_policy(project, owner, kind)
        commit(project, owner, run_jobs)

    version = selectors.get_version(few, 1)
    assert set(version.summary["splits"]) == {"train", "validation", "test"} and not list_empty_splits(version)
    said = list_empty_splits(selectors.get_version(one, 1))
    assert len(said) == 2 and all("No item of this version is in" in sentence for sentence in said)
    assert said[0] in write_data_card(selectors.get_version(one, 1))
