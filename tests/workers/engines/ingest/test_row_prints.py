"""Rows that are nearly the same get one fingerprint, in any order and any portions; other rows get others."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.datasets.near_rows import find_equal, settle_prints
from tests.workers.engines.conftest import fetch_packages
from workers.engines.findings import row_twins
from workers.engines.ingest.row_prints import EQUAL, IGNORED, MOST_NUMBERS, TOLERANCE, RowGrid, settle_spreads

SPREAD = 100.0
COLUMNS = ("a", "b", "c", "d")


def spell(text: str, rng: random.Random) -> str:
    return rng.choice([text, text.upper(), f"  {text} ", text.replace(" ", "   "), text.title()])


def copy_row(row: dict, rng: random.Random) -> dict:
    """What the search for faults calls nearly the same."""
    return {
        name: spell(cell, rng) if isinstance(cell, str) else cell + rng.uniform(-1, 1) * TOLERANCE * SPREAD
        for name, cell in row.items()
    }


def store(rows: list[dict], grid: RowGrid, portions: int) -> list[int]:
    """Fingerprints of rows as imports store them, one portion after another."""
    known, stored = np.empty(0, np.int64), []
    size = -(-len(rows) // portions)
    for start in range(0, len(rows), size):
        prints, near = zip(*(grid.compute_row(row) for row in rows[start : start + size]), strict=True)
        stored += settle_prints(prints, pa.chunked_array([pa.array(near, pa.binary())]), known)
        known = np.unique(stored)
    return stored


@given(seed=st.integers(0, 10**6), count=st.integers(1, 12), portions=st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_copies_of_a_row_have_its_fingerprint_and_other_rows_have_others(seed, count, portions):
    rng = random.Random(seed)
    shapes = {tuple(rng.randrange(20) * SPREAD / 20 for _ in COLUMNS) for _ in range(count)}
    originals = [dict(zip(COLUMNS, numbers, strict=True)) | {"kind": "very good"} for numbers in sorted(shapes)]
    rows = [(n, copy_row(row, rng)) for n, row in enumerate(originals) for _ in range(rng.randint(1, 5))]
    rng.shuffle(rows)

    stored = store([row for _, row in rows], RowGrid(dict.fromkeys(COLUMNS, SPREAD)), portions)

    units = {
        n: {print_ for (of, _), print_ in zip(rows, stored, strict=True) if of == n} for n in range(len(originals))
    }
    assert all(len(prints) == 1 for prints in units.values())
    assert len(set(stored)) == len(originals)


def test_rows_of_few_numbers_are_near_only_where_they_are_equal():
    grid = RowGrid({"a": SPREAD, "b": SPREAD})

    prints = [grid.compute_row({"a": a, "b": 1, "c": c})[0] for a, c in [(1, "yes"), (1.0, " YES"), (1.001, "yes")]]

    assert prints[0] == prints[1] != prints[2]


def test_ten_different_rows_of_yes_and_no_are_ten_units():
    rows = [{"a": "yes" if n & 1 else "no", "b": "yes" if n & 2 else "no", "c": n // 4} for n in range(10)]

    stored = store(rows, RowGrid(settle_spreads({}, {"c": [row["c"] for row in rows]})), 1)

    assert len(set(stored)) == 10


def test_rows_close_together_everywhere_do_not_become_one_unit():
    """Three columns that say the same thing: each row is near the next, from one end to the other."""
    line = np.linspace(0, SPREAD, 3_000)
    rows = [{"a": x, "b": x * 1.0, "c": x} for x in random.Random(0).sample(list(line), len(line))]

    stored = store(rows, RowGrid(dict.fromkeys("abc", SPREAD)), 3)

    counts = pd.Series(stored).value_counts()
    assert len(counts) > 80 and counts.max() < len(rows) / 40


def test_a_missing_cell_is_near_a_missing_cell_only():
    grid = RowGrid(dict.fromkeys(COLUMNS, SPREAD))

    full, gone, zero = ({"a": 1, "b": 2, "c": 3} | more for more in ({"d": 4}, {}, {"d": 0}))

    assert len({grid.compute_row(row)[0] for row in (full, gone, zero)}) == 3


def test_what_is_known_of_a_column_stays_and_the_widest_tables_use_the_columns_that_tell_most():
    sample = {f"c{n:02}": [float(value % (20 + n)) for value in range(200)] for n in range(20)}

    spreads = settle_spreads({"c00": 7.0}, sample | {"flag": [0, 1] * 100})

    assert spreads["c00"] == 7.0 and spreads["flag"] == EQUAL
    assert sum(spread > 0 for spread in spreads.values()) == MOST_NUMBERS
    assert spreads["c01"] == IGNORED and spreads["c19"] > 0


@pytest.mark.parametrize("count", [3, 6, 12])
def test_most_planted_copies_are_found_among_many_rows(count):
    rng = np.random.default_rng(count)
    names = [f"c{n:02}" for n in range(count)]
    table = rng.normal(size=(4_000, count))
    spreads = np.quantile(table, 0.95, axis=0) - np.quantile(table, 0.05, axis=0)
    copies = table[:200] + rng.uniform(-TOLERANCE, TOLERANCE, (200, count)) * spreads
    rows = [dict(zip(names, row, strict=True)) for row in np.concatenate([table, copies]).tolist()]

    stored = store(rows, RowGrid(dict(zip(names, spreads.tolist(), strict=True))), 2)

    assert sum(stored[n] == stored[4_000 + n] for n in range(200)) >= 0.95 * 200
    # three normal numbers meet by chance; six do not
    assert len(set(stored[:4_000])) >= (0.99 if count > 3 else 0.95) * 4_000


def test_real_rows_are_joined_where_the_search_for_faults_finds_them():
    table = pd.read_csv(next(fetch_packages("plotnine").rglob("diamonds.csv"))).drop(columns="price")
    rows = table.sample(3_000, random_state=0).drop_duplicates().to_dict("records")
    names = [name for name in table.columns if table[name].dtype.kind in "if"]
    spreads = settle_spreads({}, {name: [row[name] for row in rows] for name in names})

    stored = store(rows, RowGrid(spreads), 1)

    pairs = row_twins.find_equal(rows) + row_twins.find_close(rows, names, set(), lambda: None)
    assert all(stored[pair.a] == stored[pair.b] for pair in pairs)
    assert len(set(stored)) >= 0.97 * len(rows)


def test_equal_fingerprints_find_the_earliest():
    assert find_equal([5, None, 9, 9, 5, 7], np.array([1, 5], np.int64)) == [1, None, None, 4, 1, None]
