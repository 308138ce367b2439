"""Kappas, alphas and Dawid-Skene beside the packages that people trust (references/make_agreement.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lifecycle.annotations import agreement, consensus

FIXTURES = json.loads((Path(__file__).parent / "references" / "agreement.json").read_text())["fixtures"]


def list_fixtures(*statistics):
    chosen = [one for one in FIXTURES if one["statistic"] in statistics]
    return [pytest.param(one, id=f"{one['statistic']}-{n}") for n, one in enumerate(chosen)]


def flatten(rows):
    """Long form of rows of answers, in which None is a missing one."""
    triples = [(u, r, x) for u, row in enumerate(rows) for r, x in enumerate(row) if x is not None]
    return tuple(np.array(column, np.int64) for column in zip(*triples, strict=True))


def test_there_are_twenty_fixtures():
    assert len(FIXTURES) - len(list_fixtures("dawid_skene")) >= 20


@pytest.mark.parametrize("given", list_fixtures("cohen"))
def test_cohens_kappa_equals_scikit_learns(given):
    units, raters, codes = flatten(given["rows"])
    confusion = agreement.count_confusion(agreement.pair_up(units, raters, codes), int(codes.max()) + 1)

    assert agreement.cohen_kappa(confusion, given["weights"]) == pytest.approx(given["value"], abs=1e-9)


@pytest.mark.parametrize("given", list_fixtures("fleiss"))
def test_fleiss_kappa_equals_statsmodels(given):
    units, _, codes = flatten(given["rows"])
    table, usual = agreement.count_table(units, codes, int(codes.max()) + 1)

    assert usual == len(given["rows"][0])
    assert agreement.fleiss_kappa(table) == pytest.approx(given["value"], abs=1e-9)


@pytest.mark.parametrize("given", list_fixtures("alpha"))
def test_alpha_equals_krippendorffs_package_with_answers_missing(given):
    units, raters, codes = flatten(given["rows"])
    pairs = agreement.pair_up(units, raters, codes)

    value = agreement.krippendorff_alpha(pairs, units, codes, level=given["level"], values=given["values"])

    assert value == pytest.approx(given["value"], abs=1e-9)


@pytest.mark.parametrize("given", list_fixtures("jaccard_alpha"))
def test_alpha_of_several_choices_equals_nltks(given):
    known: dict[frozenset, int] = {}
    rows = [[known.setdefault(frozenset(chosen), len(known)) for chosen in row] for row in given["rows"]]
    units, raters, codes = flatten(rows)
    measure = agreement.measure_sets(list(known), "jaccard")

    value = agreement.compute_alpha(
        agreement.pair_up(units, raters, codes), agreement.count_pairable(units, codes), measure
    )

    assert value == pytest.approx(given["value"], abs=1e-9)


def test_masi_weighs_subsets_more_than_overlaps():
    sets = [frozenset("ab"), frozenset("a"), frozenset("bc"), frozenset("d"), frozenset()]
    measure = agreement.measure_sets(sets)
    first = np.zeros(5, np.int64)

    apart = measure(first, np.arange(5))

    assert apart == pytest.approx([0, 1 - 0.5 * 2 / 3, 1 - 1 / 3 / 3, 1, 1])
    assert measure(np.array([4]), np.array([4])) == pytest.approx([0])


@pytest.mark.parametrize("given", list_fixtures("dawid_skene"))
def test_dawid_skene_equals_crowd_kit(given):
    units, raters, codes = flatten(given["rows"])
    answers = consensus.Answers(units, raters, codes, int(codes.max()) + 1, int(raters.max()) + 1)

    skills = consensus.learn_skills(answers, rounds=5_000, tolerance=0.0, smoothing=0.0)

    found = np.concatenate([chunk.posterior for chunk in consensus.judge(answers, skills)])
    assert np.abs(found - np.array(given["value"])).max() < 1e-9


def test_what_is_not_defined_is_none():
    nothing = np.zeros(0, np.int64)
    one = np.zeros(1, np.int64)
    pairs = agreement.pair_up(one, one, one)

    assert agreement.percent_agreement(agreement.pair_up(nothing, nothing, nothing)) is None
    assert agreement.krippendorff_alpha(pairs, one, one) is None
    assert agreement.cohen_kappa(np.array([[5, 0], [0, 0]])) is None
    assert agreement.fleiss_kappa(np.array([[3, 0], [3, 0]])) is None
    assert agreement.fleiss_kappa(np.zeros((0, 2))) is None


def test_a_person_who_guesses_is_weighed_less_than_five_who_know():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    rows = [[t if rng.random() < 0.9 else rng.integers(0, 3) for _ in range(5)] + [rng.integers(0, 3)] for t in truth]
    units, raters, codes = flatten(rows)

    skills = consensus.learn_skills(consensus.Answers(units, raters, codes, 3, 6))

    assert skills.accuracies[:5].min() > 0.85 and skills.accuracies[5] < 0.5


def test_chunks_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    units, raters = np.repeat(np.arange(100), 3), np.tile(np.arange(3), 100)
    answers = consensus.Answers(units, raters, rng.integers(0, 4, 300), 4, 3)
    whole = consensus.learn_skills(answers, rounds=5)
    monkeypatch.setattr(consensus, "CHUNK", 7)

    assert np.allclose(consensus.learn_skills(answers, rounds=5).confusion, whole.confusion)
