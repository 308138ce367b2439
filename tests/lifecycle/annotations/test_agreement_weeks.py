"""Agreement week by week, against figures worked out by hand."""

from __future__ import annotations

import pytest

from lifecycle.annotations.agreement_report import CodedAnswers, Said
from lifecycle.annotations.region_report import DrawnAnswers

FIRST, SECOND, THIRD = 2900, 2901, 2903  # weeks since 1970


def choose(*values: str) -> list[Said]:
    """One answer to a choice by each of the people 1, 2 …"""
    return [Said(n, [{"value": {"choices": [value]}}]) for n, value in enumerate(values, start=1)]


@pytest.fixture
def classes():
    """Two people: of one mind in the first week, as good as chance in the second, on one class only in the third."""
    answers = CodedAnswers("choices")
    weeks = {FIRST: ["aa", "bb", "aa"], SECOND: ["aa", "ab", "bb", "ba"], THIRD: ["aa", "aa"]}
    item = 0
    for week, pairs in weeks.items():
        for first, second in pairs:
            item += 1
            answers.add(item, week, choose(first, second))
    return answers.summarize()


def test_percent_and_alpha_of_each_week_are_those_of_its_items_alone(classes):
    """Second week: half of four pairs differ, and of 8 answers 4 are of each class. Chance is 2·4·4 / (8·7) = 4/7, so
    that alpha is 1 - (1/2) / (4/7) = 1/8."""
    weeks = {row["week"]: row for row in classes["weeks"]}

    assert [row["week"] for row in classes["weeks"]] == [FIRST, SECOND, THIRD]
    assert [row["items"] for row in classes["weeks"]] == [3, 4, 2]
    assert [row["percent"] for row in classes["weeks"]] == [1.0, 0.5, 1.0]
    assert weeks[FIRST]["alpha"] == pytest.approx(1.0, abs=1e-12)
    assert weeks[SECOND]["alpha"] == pytest.approx(1 / 8, abs=1e-12)
    assert weeks[THIRD]["alpha"] is None  # one class throughout: nothing to agree on beyond chance


def test_a_persons_weeks_count_the_pairs_they_are_in(classes):
    assert [row["weeks"] for row in classes["people"]] == [[[FIRST, 1.0, 3], [SECOND, 0.5, 4], [THIRD, 1.0, 2]]] * 2


def test_an_answer_that_is_missing_leaves_the_others_of_the_week():
    """Two pairs of three people and one of two: 3 + 1 pairs, of which the first item's are 1 of 3 the same."""
    answers = CodedAnswers("choices")
    answers.add(1, FIRST, choose("a", "a", "b"))
    answers.add(2, FIRST, choose("b", "b"))

    (week,) = answers.summarize()["weeks"]

    assert (week["items"], week["percent"]) == (2, 0.5)
    # coincidences: a-a 1, a-b 1, b-a 1, b-b 2 of n = 5, marginals 2 and 3: alpha = 1 - (n - 1)·2 / (2·2·3)
    assert week["alpha"] == pytest.approx(1 - 4 * 2 / 12, abs=1e-12)


def test_f1_of_drawn_answers_week_by_week():
    """First week: both drew the same one; second week one drew it and another thing that the other did not see."""
    answers = DrawnAnswers("regions")
    answers.add(1, FIRST, [Said(1, [box(10)]), Said(2, [box(10)])])
    answers.add(2, SECOND, [Said(1, [box(10), box(60)]), Said(2, [box(10)])])

    report = answers.summarize()

    assert report["weeks"] == [
        {"week": FIRST, "items": 1, "f1": 1.0},
        {"week": SECOND, "items": 1, "f1": pytest.approx(2 / 3)},
    ]
    assert report["people"][0]["weeks"] == [[FIRST, 1.0, 1], [SECOND, pytest.approx(2 / 3), 1]]


def box(x: float) -> dict:
    place = {"x": x, "y": 20, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cat"]}
    return {"type": "rectanglelabels", "original_width": 100, "original_height": 100, "value": place}
