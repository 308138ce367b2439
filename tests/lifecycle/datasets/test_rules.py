"""Splits: deterministic, stable, and never with one group on both sides."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.datasets import rules

RATIOS = {"train": 0.8, "validation": 0.1, "test": 0.1}
HASHES = st.text("0123456789abcdef", min_size=8, max_size=8)
GROUPS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
GIVEN = st.one_of(st.none(), st.sampled_from(rules.SPLITS))
ITEMS = st.lists(st.tuples(HASHES, GROUPS, GIVEN), max_size=60)


@given(ITEMS, st.integers(0, 1000))
def test_the_same_items_always_fall_the_same_way(items, seed):
    first = rules.assign_splits(items, ratios=RATIOS, seed=seed)

    assert first == rules.assign_splits(items, ratios=RATIOS, seed=seed)
    assert set(first) <= set(rules.SPLITS)


@given(st.lists(HASHES, max_size=60), st.randoms())
def test_order_and_company_do_not_matter(hashes, random):
    items = [(h, None, None) for h in hashes]
    expected = dict(zip(hashes, rules.assign_splits(items, ratios=RATIOS, seed=1), strict=True))
    random.shuffle(items)

    found = rules.assign_splits(items[: len(items) // 2], ratios=RATIOS, seed=1)

    assert all(expected[item[0]] == split for item, split in zip(items, found, strict=False))


@given(ITEMS, ITEMS)
def test_a_group_is_never_on_two_sides_even_over_two_imports(first, second):
    earlier = rules.assign_splits(first, ratios=RATIOS, seed=0)
    known = {group: split for (_, group, _), split in zip(first, earlier, strict=True) if group}
    later = rules.assign_splits(second, ratios=RATIOS, seed=0, group_splits=known)

    places: dict[str, set[str]] = {}
    for (_, group, _), split in zip(first + second, earlier + later, strict=True):
        if group:
            places.setdefault(group, set()).add(split)
    assert all(len(splits) == 1 for splits in places.values())


@given(ITEMS)
def test_a_given_split_wins_outside_groups(items):
    splits = rules.assign_splits(items, ratios=RATIOS, seed=0)

    assert all(split == given for (_, group, given), split in zip(items, splits, strict=True) if given and not group)


@given(HASHES, st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_a_larger_test_share_takes_no_test_item_away(key, small, more):
    before = rules.choose_split(key, {"train": 1 - small, "test": small}, 0)
    after = rules.choose_split(key, {"train": 1 - small - more, "test": small + more}, 0)

    assert after == "test" or before != "test"


def test_shares_come_out_as_asked():
    splits = rules.assign_splits([(f"{i:064x}", None, None) for i in range(20_000)], ratios=RATIOS, seed=3)

    assert abs(splits.count("test") / 20_000 - 0.1) < 0.01


@settings(max_examples=50)
@given(st.lists(st.tuples(HASHES, st.sampled_from("xyz")), min_size=5, max_size=60, unique_by=lambda t: t[0]))
def test_small_sets_get_something_in_every_split_and_no_class_loses_its_last(items):
    candidates = [rules.Candidate(key, label, rules.choose_split(key, RATIOS, 0)) for key, label in items]
    counts = {s: sum(c.split == s for c in candidates) for s in rules.SPLITS}

    moves = rules.top_up_small_splits(candidates, counts, RATIOS, 0)

    after = {c.key: moves.get(c.key, c.split) for c in candidates}
    left = {c.label for c in candidates if c.split == "train"}
    assert {c.label for c in candidates if after[c.key] == "train"} == left
    assert all(c.split == "train" for c in candidates if c.key in moves)
