"""Split policies on generated data: deterministic, old items stay, units stay together, shares and times are kept."""

from __future__ import annotations

import random

from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lifecycle.datasets.splitting import KINDS, Newcomer, Settled, SplitPolicy, assign, build_units, sort_key

RATIOS = {"train": 0.7, "validation": 0.15, "test": 0.15}
ORDER = {"train": 0, "validation": 1, "test": 2}


@st.composite
def newcomers(draw, with_ties: bool = True):
    count = draw(st.integers(1, 80))
    rng = random.Random(draw(st.integers(0, 10_000)))
    items = []
    for place in range(count):
        tie = with_ties and rng.random() < 0.4
        near = rng.choice([rng.randrange(place), "test", "train"]) if tie and place and rng.random() < 0.5 else None
        others = [rng.randrange(place), "validation"] if tie and place else []
        items.append(
            Newcomer(
                key=f"{rng.getrandbits(64):016x}",
                group=f"g{rng.randrange(8)}" if tie and near is None else "",
                given=rng.choice(["", "", "", "test"]) if tie else "",
                label=rng.choice(["a", "b", None]),
                time=f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
                near=near,
                alike=tuple(rng.sample(others, rng.randrange(len(others) + 1))),
            )
        )
    return items


@given(items=newcomers(), kind=st.sampled_from(KINDS), seed=st.integers(0, 5))
@hypothesis_settings(deadline=None, max_examples=150)
def test_units_stay_together_and_the_order_of_import_does_not_matter(items, kind, seed):
    settled = Settled({"g1": "test", "g2": "validation"}, {("a", "train"): 5}, is_first=False)

    splits, _ = assign(items, SplitPolicy(kind), RATIOS, seed, settled)

    assert all(split in ORDER for split in splits)
    for unit in build_units(items, settled.groups):
        assert len({splits[place] for place in unit.places}) == 1
        old = [settled.groups[items[p].group] for p in unit.places if items[p].group in settled.groups]
        assert not old or splits[unit.places[0]] in old
    again, _ = assign(items, SplitPolicy(kind), RATIOS, seed, settled)
    assert again == splits


@given(items=newcomers(with_ties=False), kind=st.sampled_from(KINDS), seed=st.integers(0, 5))
@hypothesis_settings(deadline=None, max_examples=80)
def test_another_order_gives_the_same_splits(items, kind, seed):
    splits, _ = assign(items, SplitPolicy(kind), RATIOS, seed, Settled())
    places = list(range(len(items)))
    random.Random(seed).shuffle(places)

    shuffled, _ = assign([items[place] for place in places], SplitPolicy(kind), RATIOS, seed, Settled())

    assert [splits[place] for place in places] == shuffled


@given(items=newcomers(with_ties=False), later=newcomers(with_ties=False))
@hypothesis_settings(deadline=None, max_examples=80)
def test_by_time_no_item_is_in_an_earlier_split_than_an_older_one(items, later):
    splits, policy = assign(items, SplitPolicy("time"), RATIOS, 0, Settled())

    more, after = assign(later, policy, RATIOS, 0, Settled(is_first=False))

    assert after == policy
    pairs = sorted((item.time, ORDER[split]) for item, split in zip(items + later, splits + more, strict=True))
    assert [place for _, place in pairs] == sorted(place for _, place in pairs)


@given(items=newcomers(with_ties=False), seed=st.integers(0, 5))
@hypothesis_settings(deadline=None, max_examples=80)
def test_stratified_shares_hold_within_every_class(items, seed):
    splits, _ = assign(items, SplitPolicy("stratified"), RATIOS, seed, Settled())

    for label in {item.label for item in items}:
        mine = [split for item, split in zip(items, splits, strict=True) if item.label == label]
        for split, share in RATIOS.items():
            assert abs(mine.count(split) - share * len(mine)) <= 1.5


@given(items=newcomers(with_ties=False), seed=st.integers(0, 5))
@hypothesis_settings(deadline=None, max_examples=50)
def test_a_fixed_test_set_takes_no_newcomers(items, seed):
    splits, _ = assign(items, SplitPolicy("fixed"), RATIOS, seed, Settled(is_first=False))

    assert "test" not in splits


@given(numbers=st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=20))
@example(numbers=[-0.5, -1.0, 0.0, -1e12])
def test_numbers_sort_as_text(numbers):
    rounded = [round(number, 3) for number in numbers]

    assert [float(n) for n in sorted(rounded, key=sort_key)] == sorted(rounded)


@given(groups=st.integers(3, 12), sizes=st.integers(1, 40), kind=st.sampled_from(("group", "ratio", "stratified")),
       seed=st.integers(0, 50))  # fmt: skip
@hypothesis_settings(deadline=None, max_examples=150)
def test_few_groups_leave_no_split_empty_and_stay_whole(groups, sizes, kind, seed):
    rng = random.Random(seed)
    items = [
        Newcomer(key=f"{group:03}-{place:03}", group=f"person {group}", label=rng.choice("ab"))
        for group in range(groups)
        for place in range(rng.randint(1, sizes))
    ]

    splits, _ = assign(items, SplitPolicy(kind), RATIOS, seed, Settled())

    assert set(splits) == set(ORDER)
    assert len({(item.group, split) for item, split in zip(items, splits, strict=True)}) == groups


def test_whole_groups_come_close_to_the_shares_of_the_items():
    rng = random.Random(4)
    items = [
        Newcomer(key=f"{group}-{place}", group=f"g{group}")
        for group in range(60)
        for place in range(rng.choice([1, 5, 60]))
    ]

    for seed in range(10):
        splits, _ = assign(items, SplitPolicy("group"), RATIOS, seed, Settled())

        for split, share in RATIOS.items():
            assert abs(splits.count(split) / len(items) - share) <= 0.06


def test_a_split_of_older_items_is_not_filled_again():
    items = [Newcomer(key=f"new {place}", group=f"g{place}") for place in range(3)]
    old = Settled(counts={("a", "train"): 10, (None, "test"): 30, ("b", "validation"): 30}, is_first=False)

    splits, _ = assign(items, SplitPolicy("group"), RATIOS, 0, old)

    assert splits == ["train"] * 3


def test_a_giant_group_does_not_keep_the_others_from_being_divided():
    sizes = {"giant": 500, "one": 2, "two": 2}
    items = [Newcomer(key=f"{g}-{place}", group=g) for g, count in sizes.items() for place in range(count)]

    for kind in ("group", "ratio"):
        for seed in range(20):
            splits, _ = assign(items, SplitPolicy(kind), RATIOS, seed, Settled())

            assert set(splits) == set(ORDER)
