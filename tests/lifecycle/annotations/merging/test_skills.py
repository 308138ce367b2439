"""What is learned of people from all their answers, and what it does to the next ones."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lifecycle.annotations import consensus
from lifecycle.annotations.merging import Answer, Learner, Majority, merge
from lifecycle.annotations.merging.sets import SetAnswers, learn_set_skills
from tests.lifecycle.annotations.merging.shapes import CELLS, ask, box, say

CLASSES = ["a", "b", "c", "rare"]
HOW_OFTEN = {"a": 0.5, "b": 0.4, "c": 0.3, "rare": 0.05}


def draw_sets(rng: random.Random, people: dict[int, tuple[float, float]], count: int):
    """(truths, what each person said): people see what is there with the first chance, invent with the second."""
    truths = [{name for name in CLASSES if rng.random() < HOW_OFTEN[name]} for _ in range(count)]
    said = [
        [(user, frozenset(n for n in CLASSES if rng.random() < (sees if n in truth else invents)))
         for user, (sees, invents) in people.items()]
        for truth in truths
    ]  # fmt: skip
    return truths, said


def test_two_who_see_well_outweigh_three_who_guess():
    people = {1: (0.95, 0.03), 2: (0.9, 0.05), 3: (0.5, 0.4), 4: (0.5, 0.5), 5: (0.4, 0.4)}
    truths, said = draw_sets(random.Random(3), people, 300)
    answers = SetAnswers()
    for one in said:
        answers.add(one)

    skills = learn_set_skills(answers)

    assert list(skills.accuracies[:2]) > [0.9, 0.85] and max(skills.accuracies[2:]) < 0.7
    assert skills.priors[skills.classes["rare"]] == pytest.approx(0.05, abs=0.05)
    found = [{name for name, likely in skills.judge(one).items() if likely >= 0.5} for one in said]
    voted = [{n for n, share in Majority().tick("c", one).items() if share >= 0.5} for one in said]
    errors, errors_voted = (sum(len(a ^ b) for a, b in zip(truths, got, strict=True)) for got in (found, voted))
    assert errors < 0.4 * errors_voted


def test_chunks_make_no_difference(monkeypatch):
    _, said = draw_sets(random.Random(5), {1: (0.9, 0.1), 2: (0.8, 0.2), 3: (0.7, 0.1)}, 50)
    answers = SetAnswers()
    for one in said:
        answers.add(one)
    whole = learn_set_skills(answers)

    monkeypatch.setattr("lifecycle.annotations.merging.sets.CELLS", 7 * len(CLASSES))
    parted = learn_set_skills(answers)

    np.testing.assert_allclose(parted.said, whole.said, atol=1e-9)
    np.testing.assert_allclose(parted.priors, whole.priors, atol=1e-9)


def test_one_class_is_judged_as_by_the_model_over_all_answers():
    kind = ask('<Choices name="c" toName="item"><Choice value="a"/><Choice value="b"/><Choice value="c"/></Choices>')
    rng, learner, codes = random.Random(2), Learner(kind), {"a": 0, "b": 1, "c": 2}
    rows, items = [], []
    for unit in range(60):
        truth = rng.choice("abc")
        names = [truth if rng.random() < right else rng.choice("abc") for right in (0.95, 0.9, 0.4)]
        items.append([Answer(unit * 10 + n, n, say(kind, {"choices": [name]})) for n, name in enumerate(names)])
        rows += [(unit, n, codes[name]) for n, name in enumerate(names)]
        learner.add(items[-1])
    judge = learner.learn()
    units, raters, said = (np.array(column) for column in zip(*rows, strict=True))
    answers = consensus.Answers(units, raters, said, 3, 3)
    [chunk] = consensus.judge(answers, consensus.learn_skills(answers))

    for unit, given in enumerate(items):
        merged = merge(kind, given, judge)
        name = merged.result[0]["value"]["choices"][0]
        assert merged.posterior == pytest.approx(chunk.posterior[unit, codes[name]], abs=1e-6)
    assert judge.rate("label", 0) > 0.85 > 0.7 > judge.rate("label", 2)


def test_whoever_draws_what_nobody_else_sees_counts_less():
    learner = Learner(CELLS)
    rng = random.Random(4)
    for item in range(20):
        seen = [box("red", 10 * n, 10 + rng.random()) for n in range(3)]
        stray = [box("white", 5 + 20 * n, 70) for n in range(3)]
        learner.add([Answer(item * 10 + n, n, stray if n == 2 else seen) for n in range(3)])

    judge = learner.learn()

    assert judge.weigh("label", 0) > 0.9 and judge.weigh("label", 2) < 0.1


def test_numbers_far_from_the_median_make_a_weight_small():
    number = ask('<Number name="c" toName="item"/>')
    learner = Learner(number)
    for item in range(10):
        given = (100 + item, 101 + item, 7)
        learner.add([Answer(item * 10 + n, n, say(number, {"number": one})) for n, one in enumerate(given)])

    judge = learner.learn()

    assert judge.weigh("label", 0) == pytest.approx(11 / 12) and judge.weigh("label", 2) == pytest.approx(1 / 12)


def test_somebody_who_came_after_the_learning_is_judged_by_majority():
    tags = ask('<Choices name="c" toName="item" choice="multiple"><Choice value="a"/><Choice value="b"/></Choices>')
    learner = Learner(tags)
    a, b = say(tags, {"choices": ["a"]}), say(tags, {"choices": ["b"]})
    learner.add([Answer(1, 1, a), Answer(2, 2, a)])

    merged = merge(tags, [Answer(3, 1, a), Answer(4, 2, a), Answer(5, 3, b)], learner.learn())

    assert merged.result == a and merged.posterior == pytest.approx(2 / 3)
