"""Assistance as an experiment: which tasks are shown without suggestions, what the two arms say, when to switch off.

The arm of a task is a hash of its id, so that nobody chooses it. Intervals: seconds by Welch's t on logarithms (the
ratio of geometric means), acceptance by Wilson, bias by Newcombe (the difference of two Wilson intervals), the edit
distance by a bootstrap of 2,000 samples. The switch looks once every `LOOK_EVERY` answers at the newest `WINDOW` of
them, one-sided at 99.5 %, so that looking often does not make chance look like harm. What does no harm has to help:
every `PROVE_EVERY` answers the newest `PROOF` must show that time is saved or more answers are right, at 97.5 %.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, fmean
from typing import Any

import numpy as np

CONFIDENCE = 0.95  # of the intervals in the report, two-sided
STOP_CONFIDENCE = 0.99  # two-sided, so that each side is missed once in 200 looks
LOOK_EVERY = 10
WINDOW = 400
PROOF, PROVE_EVERY = 2_000, 500
MIN_ANSWERS = 15  # in each arm, before anything is concluded
MIN_PROOF_ANSWERS = 50
BIAS_LIMIT = 0.1  # how much oftener people may say what was suggested because they saw it
USELESS_DISTANCE = 0.5  # when more than half of what is suggested has to be changed, and no time is saved
BOOTSTRAPS = 2_000
MIN_SECONDS, MAX_SECONDS = 0.2, 600.0  # a pause is not labelling


@dataclass(frozen=True)
class Outcome:
    """One first answer to a task that had a suggestion."""

    is_shown: bool
    verdict: str  # accepted | corrected | rejected | unseen
    distance: float
    is_agreed: bool
    seconds: float | None = None
    is_correct: bool | None = None  # on gold items


@dataclass(frozen=True)
class Estimate:
    """A number with its confidence interval; None where there is too little to say."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0


@dataclass(frozen=True)
class Report:
    """What the two arms say. `ratio`: seconds with over seconds without; `bias`, `gold`: shown minus hidden."""

    shown: int
    hidden: int
    seconds_shown: Estimate
    seconds_hidden: Estimate
    ratio: Estimate
    acceptance: Estimate
    distance_shown: Estimate
    distance_hidden: Estimate
    agreement_shown: Estimate
    agreement_hidden: Estimate
    bias: Estimate
    gold_shown: Estimate
    gold_hidden: Estimate
    gold: Estimate


NOTHING = Estimate(None)


def is_hidden(seed: int, task_id: int, share: float) -> bool:
    """Whether a task is shown without suggestions: the same answer whenever it is asked."""
    digest = hashlib.blake2b(f"{seed}:{task_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def measure_uncertainty(score: float | None, result: Any) -> float | None:
    """How unsure a model is of what it proposes, 0 to 1: of its least sure region, where they have scores of their own
    (the maximum of Brust et al. 2018, "Active learning for deep object detection"), else of the whole; None where
    nothing between 0 and 1 says so. `result` is as the model sent it: what is stored has no scores.
    """
    regions = result if isinstance(result, list) else []
    given = [region.get("score") for region in regions if isinstance(region, Mapping)]
    shares = [
        float(one) for one in given if isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= 1
    ]
    if shares:
        return 1 - min(shares)
    return 1 - score if score is not None and 0 <= score <= 1 else None


def summarize(outcomes: Sequence[Outcome], *, confidence: float = CONFIDENCE, bootstraps: int = BOOTSTRAPS) -> Report:
    """All figures with their intervals."""
    shown = [one for one in outcomes if one.is_shown]
    hidden = [one for one in outcomes if not one.is_shown]
    fast, slow = _logs(shown), _logs(hidden)
    gold_shown, gold_hidden = ([one.is_correct for one in arm if one.is_correct is not None] for arm in (shown, hidden))
    agreed_shown, agreed_hidden = ([one.is_agreed for one in arm] for arm in (shown, hidden))
    return Report(
        shown=len(shown),
        hidden=len(hidden),
        seconds_shown=estimate_seconds(fast, confidence),
        seconds_hidden=estimate_seconds(slow, confidence),
        ratio=estimate_ratio(fast, slow, confidence),
        acceptance=estimate_share([one.verdict == "accepted" for one in shown], confidence),
        distance_shown=bootstrap_mean([one.distance for one in shown], confidence, bootstraps),
        distance_hidden=bootstrap_mean([one.distance for one in hidden], confidence, bootstraps),
        agreement_shown=estimate_share(agreed_shown, confidence),
        agreement_hidden=estimate_share(agreed_hidden, confidence),
        bias=estimate_difference(agreed_shown, agreed_hidden, confidence),
        gold_shown=estimate_share(gold_shown, confidence),
        gold_hidden=estimate_share(gold_hidden, confidence),
        gold=estimate_difference(gold_shown, gold_hidden, confidence),
    )


def find_harm(outcomes: Sequence[Outcome]) -> str:
    """Why assistance does not help, as a sentence; empty while there is no proof of it."""
    window = outcomes[-WINDOW:]
    report = summarize(window, confidence=STOP_CONFIDENCE, bootstraps=0)
    if min(report.shown, report.hidden) < MIN_ANSWERS:
        return ""
    about = f"({report.shown} answers with suggestions, {report.hidden} without)"
    if report.gold.high is not None and report.gold.high < 0:
        drop = -100 * (report.gold.value or 0)
        return (
            f"On items whose truth is known, answers with suggestions are right {drop:.0f} points less often {about}."
        )
    if report.ratio.low is not None and report.ratio.low > 1:
        return f"Labelling with suggestions takes {report.ratio.value:.2f} times as long as without {about}."
    if report.bias.low is not None and report.bias.low > BIAS_LIMIT:
        more = 100 * (report.bias.value or 0)
        return f"People say what is suggested {more:.0f} points oftener when they see it {about}: it leads them."
    return _find_uselessness(window, report, about)


def find_no_help(outcomes: Sequence[Outcome]) -> str:
    """That nothing is won by assistance, as a sentence; empty while there are too few answers to expect a proof.

    With a fifth of `PROOF` answers in the hidden arm, a saving of a tenth is shown in nine of ten looks.
    """
    window = outcomes[-PROOF:]
    report = summarize(window, bootstraps=0)
    ratio, gold = report.ratio, report.gold
    if len(window) < PROOF or min(report.shown, report.hidden) < MIN_PROOF_ANSWERS or ratio.high is None:
        return ""
    if ratio.high < 1 or (gold.low is not None and gold.low > 0):
        return ""
    return (
        f"{report.shown:,} answers with suggestions and {report.hidden:,} without do not show that any time is saved: "
        f"labelling with them takes {ratio.value:.2f} times as long ({ratio.low:.2f} to {ratio.high:.2f}), "
        "and they make no answers right that are wrong without."
    )


def _find_uselessness(window: Sequence[Outcome], report: Report, about: str) -> str:
    """Suggestions of which most has to be changed: they save no time, or save it by leading people.

    People who were left alone are the measure of how wrong a suggestion is.
    """
    hidden = estimate_mean([one.distance for one in window if not one.is_shown], STOP_CONFIDENCE)
    if report.bias.low is not None and report.bias.low > 0 and (hidden.low or 0) > USELESS_DISTANCE:
        share = 100 * (hidden.value or 0)
        return (
            f"People who do not see the suggestion differ from it in {share:.0f} %; those who see it follow it {about}."
        )
    is_faster = report.ratio.high is not None and report.ratio.high < 1
    everybody = estimate_mean([one.distance for one in window], STOP_CONFIDENCE)
    if is_faster or (everybody.low or 0) <= USELESS_DISTANCE:
        return ""
    share = 100 * (everybody.value or 0)
    return f"On average {share:.0f} % of a suggestion has to be changed, and no time is saved {about}."


def estimate_seconds(logs: Sequence[float], confidence: float) -> Estimate:
    """Geometric mean of seconds, with a t interval on logarithms."""
    mean = estimate_mean(logs, confidence)
    if mean.value is None:
        return Estimate(None, count=len(logs))
    ends = [None if end is None else math.exp(end) for end in (mean.low, mean.high)]
    return Estimate(math.exp(mean.value), ends[0], ends[1], len(logs))


def estimate_mean(values: Sequence[float], confidence: float) -> Estimate:
    """A mean with a t interval; without one below two values."""
    if not values:
        return NOTHING
    mean = fmean(values)
    if len(values) < 2:
        return Estimate(mean, count=len(values))
    half = quantile_t(confidence, len(values) - 1) * math.sqrt(_variance(values) / len(values))
    return Estimate(mean, mean - half, mean + half, len(values))


def estimate_ratio(shown: Sequence[float], hidden: Sequence[float], confidence: float) -> Estimate:
    """exp(difference of mean logarithms) with Welch's interval."""
    if len(shown) < 2 or len(hidden) < 2:
        return NOTHING
    a, b = _variance(shown) / len(shown), _variance(hidden) / len(hidden)
    difference = fmean(shown) - fmean(hidden)
    if a + b == 0:
        return Estimate(math.exp(difference), math.exp(difference), math.exp(difference), len(shown) + len(hidden))
    freedom = (a + b) ** 2 / (a**2 / (len(shown) - 1) + b**2 / (len(hidden) - 1))
    half = quantile_t(confidence, freedom) * math.sqrt(a + b)
    return Estimate(
        math.exp(difference), math.exp(difference - half), math.exp(difference + half), len(shown) + len(hidden)
    )


def estimate_share(hits: Sequence[bool | None], confidence: float) -> Estimate:
    """A share with Wilson's interval."""
    count = len(hits)
    if not count:
        return NOTHING
    z, share = quantile_normal(confidence), sum(bool(hit) for hit in hits) / count
    center = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return Estimate(share, max(0.0, center - half), min(1.0, center + half), count)


def estimate_difference(shown: Sequence[bool | None], hidden: Sequence[bool | None], confidence: float) -> Estimate:
    """Difference of two shares with Newcombe's interval (1998, method 10)."""
    a, b = estimate_share(shown, confidence), estimate_share(hidden, confidence)
    if a.value is None or b.value is None or a.low is None or b.low is None or a.high is None or b.high is None:
        return NOTHING
    difference = a.value - b.value
    low = difference - math.hypot(a.value - a.low, b.high - b.value)
    high = difference + math.hypot(a.high - a.value, b.value - b.low)
    return Estimate(difference, low, high, a.count + b.count)


def bootstrap_mean(values: Sequence[float], confidence: float, samples: int) -> Estimate:
    """A mean with the percentile interval of a bootstrap, seeded so that the same answers give the same interval."""
    if not values:
        return NOTHING
    mean = fmean(values)
    if len(values) < 2 or not samples:
        return Estimate(mean, count=len(values))
    # as many draws of each distinct value as chance gives it; to two digits there are at most 101 of them
    distinct, counts = np.unique(np.round(values, 2), return_counts=True)
    draws = np.random.default_rng(len(values)).multinomial(len(values), counts / len(values), size=samples)
    means = draws @ distinct / len(values)
    low, high = np.quantile(means, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Estimate(mean, float(low), float(high), len(values))


@lru_cache
def quantile_normal(confidence: float) -> float:
    """Two-sided quantile of the normal distribution."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def quantile_t(confidence: float, freedom: float) -> float:
    """Two-sided quantile of Student's t by its expansion in 1/freedom (Abramowitz & Stegun 26.7.5)."""
    z, n = quantile_normal(confidence), max(freedom, 3.0)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / n ** (power + 1) for power, term in enumerate(terms))


def _variance(values: Sequence[float]) -> float:
    mean = fmean(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _logs(outcomes: Sequence[Outcome]) -> list[float]:
    """Logarithms of the seconds; what is no labelling time is cut, not dropped."""
    return [math.log(min(max(one.seconds, MIN_SECONDS), MAX_SECONDS)) for one in outcomes if one.seconds is not None]
