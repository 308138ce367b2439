"""Drift numbers against the textbook, against scipy, and on generated data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from lifecycle.monitoring import rules

counts = st.lists(st.integers(0, 1000), min_size=2, max_size=30).filter(lambda c: sum(c) > 0)


def number_reference(values, bins=20):
    counted, edges = np.histogram(values, bins=bins)
    return {"kind": "number", "edges": edges.tolist(), "counts": counted.tolist(), "missing": 0}


def test_psi_of_two_bins_is_the_formula():
    psi = rules.compute_psi([50, 50], [80, 20])

    assert psi == pytest.approx(0.3 * np.log(0.8 / 0.5) + (-0.3) * np.log(0.2 / 0.5))


@given(counts)
@settings(deadline=None)
def test_a_distribution_has_not_drifted_from_itself(values):
    assert rules.compute_psi(values, values) == pytest.approx(0)
    distance, p_value = rules.compute_ks(values, values)
    assert (distance, p_value) == (0, 1)


@given(counts, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_psi_and_ks_are_symmetric_and_bounded(values, random):
    other = values[:]
    random.shuffle(other)

    assert rules.compute_psi(values, other) == pytest.approx(rules.compute_psi(other, values))
    assert rules.compute_psi(values, other) >= -1e-12
    distance, p_value = rules.compute_ks(values, other)
    assert 0 <= distance <= 1 and 0 <= p_value <= 1


def test_ks_on_bins_comes_close_to_ks_on_values():
    generator = np.random.default_rng(0)
    before, after = generator.normal(size=5000), generator.normal(0.5, size=5000)
    edges = np.linspace(-5, 5, 401)

    distance, _ = rules.compute_ks(np.histogram(before, edges)[0], np.histogram(after, edges)[0])

    assert distance == pytest.approx(ks_2samp(before, after).statistic, abs=0.01)


def test_a_shifted_feature_comes_first_and_a_stable_one_is_stable():
    generator = np.random.default_rng(1)
    reference = {name: number_reference(generator.normal(size=5000)) for name in ("steady", "moved")}
    live = {"steady": generator.normal(size=800).tolist(), "moved": generator.normal(3, size=800).tolist()}

    worst, best = rules.compare(reference, live, side="input")

    assert (worst.name, worst.verdict) == ("moved", "drifted")
    assert (best.name, best.verdict) == ("steady", "stable")
    assert worst.p_value < 1e-6 < best.p_value


def test_new_categories_and_missing_values_are_counted_apart():
    cut = {"kind": "category", "categories": ["Ideal", "Good"], "counts": [60, 40], "missing": 0, "other": 0}
    reference = {"cut": cut}

    (drift,) = rules.compare(reference, {"cut": ["Ideal", "Weird", None, "Weird"]}, side="input")

    assert drift.labels == ["Ideal", "Good", "other"]
    assert drift.live_shares == pytest.approx([1 / 3, 0, 2 / 3])
    assert drift.missing_share == pytest.approx(0.25)


def test_values_outside_the_reference_range_count_as_drift():
    reference = {"x": number_reference(np.linspace(0, 1, 1000))}

    (drift,) = rules.compare(reference, {"x": [5.0] * 100}, side="input")

    assert drift.labels[-1].startswith("> ")
    assert drift.live_shares[-1] == 1
    assert drift.psi > rules.PSI_CRITICAL


def test_too_few_predictions_say_nothing():
    assert rules.judge(9.9, 0.0, 10) == "unknown"


@pytest.mark.parametrize("count", [60, 120, 1000])
def test_predictions_from_the_reference_itself_seldom_look_like_drift(count):
    generator = np.random.default_rng(2)
    reference = {"x": number_reference(generator.lognormal(size=5000))}

    verdicts = [
        rules.compare(reference, {"x": generator.lognormal(size=count).tolist()}, side="output")[0].verdict
        for _ in range(300)
    ]

    assert sum(verdict != "stable" for verdict in verdicts) <= 0.03 * len(verdicts)
