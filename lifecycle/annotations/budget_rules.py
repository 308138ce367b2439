"""How long labels take, when they are done and what they cost, each with its uncertainty. Plain numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_SECONDS = 15 * 60  # a label that took longer was left lying
MAX_DAYS = 36_500
# two-sided 95 % quantiles of Student's t by degrees of freedom, 1 to 30
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; `high` is None where nothing bounds it."""

    value: float
    low: float
    high: float | None


@dataclass(frozen=True)
class Seconds:
    """Time per label."""

    median: float
    mean: Estimate
    count: int


@dataclass(frozen=True)
class End:
    """When the last label comes in; `latest` is None where the pace may as well be nothing."""

    at: datetime
    earliest: datetime
    latest: datetime | None


def estimate_mean(values: Sequence[float]) -> Estimate:
    """Mean with Student's interval; one value alone says nothing of its spread."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return Estimate(mean, 0.0, None)
    width = _quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(mean, max(0.0, mean - width), mean + width)


def estimate_seconds(leads_ms: Sequence[int]) -> Seconds | None:
    """Seconds per label from lead times; None before the first one. Pauses are cut off at a quarter of an hour."""
    seconds = [min(lead / 1_000, LONGEST_SECONDS) for lead in leads_ms]
    if not seconds:
        return None
    return Seconds(statistics.median(seconds), estimate_mean(seconds), len(seconds))


def estimate_pace(per_day: Sequence[float]) -> Estimate | None:
    """Labels a day from the counts of past days, idle ones included; None before the first label.

    The spread is at least that of a Poisson count, so that two equal days do not look like certainty.
    """
    total = sum(per_day)
    if not total:
        return None
    count = len(per_day)
    mean = total / count
    deviation = max(statistics.stdev(per_day) if count > 1 else 0.0, math.sqrt(mean))
    width = _quantile(max(1, count - 1)) * deviation / math.sqrt(count)
    return Estimate(mean, max(0.0, mean - width), mean + width)


def estimate_end(left: int, pace: Estimate | None, now: datetime) -> End | None:
    """When `left` more labels are there at this pace; None where nobody labels or nothing is left."""
    if pace is None or left <= 0:
        return None
    latest = _after(now, left / pace.low) if pace.low > 0 else None
    return End(_after(now, left / pace.value), _after(now, left / (pace.high or pace.value)), latest)


def blend_rate(answers: Mapping[int, int], rates: Mapping[int, float], default: float | None) -> float | None:
    """Cost of an hour of labelling as it is shared out now; None where no rate is known."""
    known = {user: rates.get(user, default) for user in answers}
    weighted = [(count, rate) for user, count in answers.items() if (rate := known[user]) is not None and count]
    total = sum(count for count, _ in weighted)
    return sum(count * rate for count, rate in weighted) / total if total else default


def estimate_cost(labels: int, seconds: Estimate, hourly: float) -> Estimate:
    """Price of so many labels."""
    price = labels * hourly / 3_600
    return Estimate(price * seconds.value, price * seconds.low, None if seconds.high is None else price * seconds.high)


def _quantile(freedom: int) -> float:
    return _T[freedom - 1] if freedom <= len(_T) else 1.96


def _after(now: datetime, days: float) -> datetime:
    return now + timedelta(days=min(days, MAX_DAYS))
