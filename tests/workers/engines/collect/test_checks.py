"""A contract's checks give the same answer for a column as for its cells one by one."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.contracts.sources import COLUMN_TYPES, ColumnRule
from workers.engines.collect.checks import ColumnCheck
from workers.engines.collect.screening import hash_key

WORDS = ["", " ", "7", "7.0", "1_000", "-3", "1e400", "nan", "inf", "n/a", "?", "yes", "TRUE", "2025-01-31",
         "31.01.2025", "Ulm", " Ulm ", "Köln", "bad \udcff", "x" * 120, "9007199254740993"]  # fmt: skip
CELLS = st.one_of(st.none(), st.sampled_from(WORDS), st.integers(-50, 50), st.floats(), st.text(max_size=8))
COLUMNS = st.one_of(
    st.lists(CELLS, max_size=30),
    *(st.lists(st.sampled_from(some), max_size=60) for some in (
        ["1", "2", "3.5", "", None], ["7", "8", "?"], ["yes", "no", ""], ["2025-01-31", "2025-02-01", None],
        ["Ulm", "Bonn", "Kiel"], [1, 2, 3.0], ["Ulm", "n/a"],
    )),
    st.integers(0, 200).map(lambda count: [f"word {n}" for n in range(count)]),
)  # fmt: skip
RULES = st.builds(
    lambda kind, required, bounds, allowed: ColumnRule(
        "a", kind, required,
        *(bounds if kind in ("number", "integer") else (None, None)), allowed=allowed, pattern="",
    ),
    st.sampled_from(COLUMN_TYPES), st.booleans(), st.sampled_from([(None, None), (2.0, None), (None, 7.0)]),
    st.sampled_from([(), ("Ulm", "yes", "7")]),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(rule=RULES, batches=st.lists(COLUMNS, max_size=4))
def test_a_column_at_once_is_its_cells_one_by_one(rule, batches):
    at_once, one_by_one = ColumnCheck(rule), ColumnCheck(rule)

    for cells in batches:
        bad, expected = {}, {}
        at_once.run(cells, bad)
        one_by_one._run_one_by_one(cells, expected)
        assert bad == expected

    assert repr(at_once.observe()) == repr(one_by_one.observe())


@pytest.mark.parametrize("values", [["17"], ["Köln", 'a "b"\n'], [], ["\ud800", "\0", "😀"]])
def test_a_key_has_the_hash_that_it_always_had(values):
    text = json.dumps(values, ensure_ascii=True)

    assert hash_key(values) == hashlib.sha256(text.encode()).hexdigest()[:32]
