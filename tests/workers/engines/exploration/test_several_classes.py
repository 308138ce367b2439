"""The profile of labels that name several classes: each counts by itself, wherever classes are counted."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from lifecycle.contracts.label_interface import NOTHING
from lifecycle.contracts.label_interface.values import join_names
from tests.workers.engines.exploration.sets import SPLITS, write_set

NAMES = ("cat", "dog", "dog, small", "bird")


@pytest.fixture
def drawn():
    """What 300 items say, of which some say nothing and some are not labeled."""
    rng = np.random.default_rng(3)
    return [None if n % 10 == 0 else {name for name in NAMES if rng.random() < 0.4} for n in range(300)]


@pytest.fixture
def profile(drawn, tmp_path):
    labels = [None if names is None else join_names(names) for names in drawn]
    texts = [f"a picture of number {n}" for n in range(len(drawn))]
    return write_set(tmp_path, "text", texts, labels, label_kind="spans").profile(label_names=NAMES)


def test_each_class_is_counted_by_split_by_source_and_over_time(drawn, profile):
    said = [(n, name) for n, names in enumerate(drawn) for name in names or ()]
    counts = Counter(name for _, name in said)

    found = profile["classes"]
    assert dict(map(tuple, found["balance"])) == counts and found["distinct"] == len(NAMES)
    assert found["by_split"] == {
        split: Counter(name for n, name in said if SPLITS[n % 5] == split) for split in set(SPLITS)
    }
    assert {s["collection"]: s["labels"] for s in profile["sources"]} == {
        part: Counter(name for n, name in said if n // 100 + 1 == part) for part in (1, 2, 3)
    }
    assert {name: sum(values) for name, values in profile["time"]["by"].items()} == counts
    assert sum(profile["time"]["counts"]) == 300


def test_pairs_are_counted_and_items_without_a_class(drawn, profile):
    pairs = Counter(pair for names in drawn if names for pair in combinations(sorted(names), 2))

    assert {(a, b): n for a, b, n in profile["classes"]["together"]} == pairs
    assert profile["classes"]["nothing"] == sum(names == set() for names in drawn) > 0
    assert profile["labeled"] == sum(names is not None for names in drawn)
    assert (profile["classes"]["several"], profile["classes"]["cut"]) == (True, 0)
    assert NOTHING not in dict(map(tuple, profile["classes"]["balance"]))


def test_a_class_with_a_comma_is_one_class(tmp_path):
    """Where an item has one class, its label is taken as it is."""
    made = write_set(tmp_path, "text", ["one", "two", "three"], ["a, b", "a, b", '["a"]'])

    found = made.profile()["classes"]

    assert (found["balance"], found["together"]) == ([["a, b", 2], ['["a"]', 1]], [])


def test_labels_cut_for_their_length_are_told(tmp_path):
    names = tuple(f"a class with a long name {n:02}" for n in range(20))
    made = write_set(tmp_path, "text", ["one", "two"], [join_names(names), names[0]], label_kind="regions")

    found = made.profile(label_names=names)["classes"]

    assert found["cut"] == 1 and found["balance"][0] == [names[0], 2]


def test_a_column_that_tells_of_one_class_is_named_with_it(tmp_path):
    rng = np.random.default_rng(5)
    drawn = [{name for name in NAMES[:2] if rng.random() < 0.4} for _ in range(400)]
    rows = [
        {
            "size": float(rng.normal()),
            "whiskers": 3.0 if "cat" in one else 8.0,
            "note": "barked" if "dog" in one else None,
        }
        for one in drawn
    ]

    profile = write_set(
        tmp_path, "row", rows, [join_names(one) for one in drawn], label_kind="free",
        columns=(("size", "number"), ("whiskers", "number"), ("note", "category")),
    ).profile(label_names=NAMES[:2])  # fmt: skip

    suspects = {(one["column"], one["kind"]): one["reason"] for one in profile["suspects"]}
    assert "alone gives whether “cat” is there in 100.0% of the rows" in suspects["whiskers", "leak"]
    assert "filled in already tells much of whether “dog” is there" in suspects["note", "missing"]
    assert not any(column == "size" for column, _ in suspects)
    assert profile["skills"]["whiskers"] == 1 and profile["skills"]["size"] < 0.2
