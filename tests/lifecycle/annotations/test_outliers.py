"""A bad annotator is named, whatever is bad about them and however few people there are; nobody else is."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle.annotations import outliers
from lifecycle.annotations.agreement import Pairs, pair_up
from lifecycle.annotations.agreement_report import CodedAnswers, Said
from lifecycle.annotations.quality_rules import Record, build_record, judge_people
from lifecycle.annotations.region_report import DrawnAnswers

SEEDS = 20
BAD = "bad"


def guess(rng, truth, size):
    return rng.integers(size)


def say_one_class(rng, truth, size):
    return 0


def swap_two(rng, truth, size):
    return 1 - truth if truth < 2 else truth


def be_right_in_60_percent(rng, truth, size):
    return truth if rng.random() < 0.6 else (truth + rng.integers(1, size)) % size


def accuse(
    seed: int, people: int, items: int, size: int, bad=None, per_item: int | None = None, prior=None
) -> set[str]:
    """Who is named among people who are right on 90 to 97 of 100, the last one of whom answers as `bad` does."""
    rng = np.random.default_rng(seed)
    accuracies = rng.uniform(0.9, 0.97, people)
    answers = CodedAnswers("choices")
    for item in range(items):
        truth = int(rng.choice(size, p=prior))
        asked = rng.choice(people, per_item, replace=False) if per_item else np.arange(people)
        said = []
        for person in sorted(asked.tolist()):
            is_right = rng.random() < accuracies[person]
            code = truth if is_right else (truth + rng.integers(1, size)) % size
            if bad and person == people - 1:
                code = bad(rng, truth, size)
            said.append(Said(person, [{"value": {"choices": [f"class {code}"]}}]))
        answers.add(item, 0, said)
    return name_from(answers.summarize(), BAD if bad else "", people)


def name_from(report, last: str, people: int) -> set[str]:
    rows = {row["user"]: row for row in report["people"]}
    names = [f"honest {n}" for n in range(people - 1)] + [last or "the last"]
    records = [build_record(name, report, rows[n], skill=rows[n].get("skill")) for n, name in enumerate(names)]
    return set(judge_people(records))


@pytest.mark.parametrize("people", [3, 5, 10])
@pytest.mark.parametrize(
    ("bad", "items", "size"),
    [(guess, 60, 3), (say_one_class, 60, 3), (swap_two, 60, 4), (be_right_in_60_percent, 80, 3)],
)
def test_a_bad_one_among_few_is_named_and_nobody_else(people, bad, items, size):
    found = [accuse(seed, people, items, size, bad) for seed in range(SEEDS)]

    assert sum(BAD in names for names in found) >= 0.95 * SEEDS
    assert sum(bool(names - {BAD}) for names in found) == 0


def test_who_always_says_the_class_that_most_items_have_is_named():
    """They are right on eight of ten."""
    found = [accuse(seed, 3, 150, 2, say_one_class, prior=[0.8, 0.2]) for seed in range(SEEDS)]

    assert found.count({BAD}) >= 0.95 * SEEDS


def test_a_bad_one_is_named_where_each_item_has_two_answers_of_ten_people():
    found = [accuse(seed, 10, 500, 3, guess, per_item=2) for seed in range(8)]

    assert sum(BAD in names for names in found) >= 7
    assert sum(bool(names - {BAD}) for names in found) == 0


@pytest.mark.parametrize(
    ("people", "items", "size", "per_item", "prior"),
    [(3, 60, 3, None, None), (3, 25, 2, None, None), (5, 60, 2, None, [0.9, 0.1]), (10, 150, 4, 3, None)],
)
def test_honest_people_are_not_accused(people, items, size, per_item, prior):
    found = [accuse(seed, people, items, size, per_item=per_item, prior=prior) for seed in range(3 * SEEDS)]

    assert sum(bool(names) for names in found) <= 0.02 * len(found)


def test_a_swap_is_told_with_both_names():
    answers = CodedAnswers("choices")
    for item in range(40):
        truth = "cat" if item % 2 else "dog"
        answers.add(item, 0, [Said(n, [{"value": {"choices": [truth]}}]) for n in range(2)] + [
            Said(2, [{"value": {"choices": ["dog" if truth == "cat" else "cat"]}}])
        ])  # fmt: skip
    report = answers.summarize()
    rows = {row["user"]: row for row in report["people"]}

    found = judge_people([build_record(f"person {n}", report, rows[n]) for n in range(3)])

    assert found == {
        "person 2": [
            "person 2 says “dog” on 20 of 20 items that the others all call “cat”.",
            "person 2 says “cat” on 20 of 20 items that the others all call “dog”.",
        ]
    }


def test_the_reason_tells_agreement_and_alpha():
    apart = Record("erin", items=60, with_others=0.4, among_others=0.9, apart_error=0.1, alpha=0.55, alpha_without=0.82)

    found = judge_people([apart, Record("ann", items=60), Record("ben", items=60)])

    assert found["erin"] == [
        "erin agrees with the others at 0.40, these with each other at 0.90. "
        "Without erin alpha is 0.82 instead of 0.55."
    ]


def test_of_two_people_nobody_is_named():
    assert not any(accuse(seed, 2, 60, 3, guess) for seed in range(5))


@pytest.mark.parametrize("is_bad", [True, False])
def test_who_draws_elsewhere_is_named(is_bad):
    rng = np.random.default_rng(0)
    answers = DrawnAnswers("regions")
    for item in range(60):
        answers.add(item, 0, [
            Said(n, [_draw(20 + rng.normal(0, 0.5) + (40 if is_bad and n == 2 and rng.random() < 0.5 else 0))])
            for n in range(3)
        ])  # fmt: skip

    assert name_from(answers.summarize(), BAD, 3) == ({BAD} if is_bad else set())


def _draw(x: float) -> dict:
    place = {"x": x, "y": 20, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cat"]}
    return {"type": "rectanglelabels", "original_width": 100, "original_height": 100, "value": place}


@pytest.mark.parametrize(("shift", "noise"), [(2.0, 0.3), (0.0, 3.0)])
def test_whose_numbers_are_off_is_named(shift, noise):
    rng = np.random.default_rng(1)
    answers = CodedAnswers("interval")
    for item in range(80):
        truth = rng.normal(0, 1)
        numbers = truth + rng.normal(0, 0.3, 3)
        numbers[2] = truth + shift + rng.normal(0, noise)
        answers.add(item, 0, [Said(n, [{"value": {"number": float(number)}}]) for n, number in enumerate(numbers)])

    assert name_from(answers.summarize(), BAD, 3) == {BAD}


def test_agreement_with_others_is_cohens_kappa_of_all_ones_pairs():
    """Ten items of three people; the reference is worked out by hand."""
    units = np.repeat(np.arange(40), 3)
    raters = np.tile([0, 1, 2], 40)
    codes = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 1], [1, 1, 0]] * 10).ravel()
    pairs: Pairs = pair_up(units, raters, codes)

    last = outliers.compare_with_others(2, pairs, 40)
    first = outliers.compare_with_others(0, pairs, 40)

    assert last is not None and first is not None
    assert (last.with_others, last.among_others) == (pytest.approx(0.0), pytest.approx(1.0))
    assert (first.with_others, first.among_others) == (pytest.approx(0.5), pytest.approx(0.0))
