"""How far a distribution has moved from its reference; pure functions on histograms (contracts.reference)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, kolmogorov

PSI_WARNING = 0.2  # the usual reading: under 0.1 stable, 0.1-0.2 moved, above 0.2 drifted (Siddiqi 2006, chapter 11)
PSI_CRITICAL = 0.5
SIGNIFICANCE = 0.01  # how seldom predictions from the reference itself may look like a move
ENOUGH_PREDICTIONS = 50  # fewer say nothing about a distribution
_FLOOR = 0.5  # of a count: an empty bin is small, not impossible


@dataclass(frozen=True)
class FeatureDrift:
    """One feature's live window against its reference; shares are of all values, missing ones apart."""

    name: str
    side: str  # input | output
    kind: str  # number | category
    count: int
    psi: float | None
    psi_p_value: float | None  # how often as many predictions from the reference itself reach this PSI
    ks: float | None  # largest gap between the two cumulative shares at the reference's bin edges
    p_value: float | None  # of `ks`; None for categories
    missing_share: float
    labels: list[str]
    reference_shares: list[float]
    live_shares: list[float]

    @property
    def verdict(self) -> str:
        return judge(self.psi, self.psi_p_value, self.count)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    reference: Mapping[str, Mapping[str, Any]], live: Mapping[str, Sequence[Any]], *, side: str
) -> list[FeatureDrift]:
    """Every feature that the reference knows, worst first. `live` maps a feature to its values, None where missing."""
    found = [_compare_feature(name, histogram, live.get(name, ()), side) for name, histogram in reference.items()]
    return sorted(found, key=lambda f: -(f.psi or 0.0))


def compute_psi(reference_counts: Sequence[float], live_counts: Sequence[float]) -> float:
    """Population stability index, sum((q - p) ln(q / p)) over bins, with half a count added to empty bins."""
    p, q = _shares(reference_counts), _shares(live_counts)
    return float(np.sum((q - p) * np.log(q / p)))


def compute_ks(reference_counts: Sequence[float], live_counts: Sequence[float]) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance at the bin edges, and its asymptotic two-sample p-value."""
    p, q = np.asarray(reference_counts, float), np.asarray(live_counts, float)
    distance = float(np.max(np.abs(np.cumsum(p) / p.sum() - np.cumsum(q) / q.sum())))
    effective = p.sum() * q.sum() / (p.sum() + q.sum())
    return distance, float(kolmogorov(np.sqrt(effective) * distance))


def compute_psi_p_value(psi: float, bins: int, reference_count: float, live_count: float) -> float:
    """How often two samples of one distribution differ by `psi` or more: PSI * nm / (n + m) is near chi-squared with
    bins - 1 degrees of freedom (Yurdakul 2018, Statistical properties of the population stability index)."""
    effective = reference_count * live_count / (reference_count + live_count)
    return float(chdtrc(bins - 1, psi * effective)) if bins > 1 else 1.0


def judge(psi: float | None, p_value: float | None, count: int) -> str:
    """unknown | stable | moved | drifted, as a person would say it. What chance alone explains has not moved."""
    if psi is None or p_value is None or count < ENOUGH_PREDICTIONS:
        return "unknown"
    if p_value > SIGNIFICANCE:
        return "stable"
    if psi >= PSI_WARNING:
        return "drifted"
    return "moved" if psi >= PSI_WARNING / 2 else "stable"


def _compare_feature(name: str, histogram: Mapping[str, Any], values: Sequence[Any], side: str) -> FeatureDrift:
    present = [v for v in values if v is not None]
    is_number = histogram["kind"] == "number"
    counted = _count_numbers(histogram, present) if is_number else _count_categories(histogram, present)
    labels, reference, live = counted
    psi = psi_p_value = ks = p_value = None
    if sum(reference) and sum(live):
        psi = compute_psi(reference, live)
        psi_p_value = compute_psi_p_value(psi, len(reference), sum(reference), sum(live))
        ks, p_value = compute_ks(reference, live) if is_number else (None, None)
    return FeatureDrift(
        name=name,
        side=side,
        kind=histogram["kind"],
        count=len(present),
        psi=psi,
        psi_p_value=psi_p_value,
        ks=ks,
        p_value=p_value,
        missing_share=1 - len(present) / len(values) if values else 0.0,
        labels=labels,
        reference_shares=_plain_shares(reference),
        live_shares=_plain_shares(live),
    )


def _count_numbers(histogram: Mapping[str, Any], values: Sequence[Any]) -> tuple[list[str], list[float], list[float]]:
    """Counts in the reference's bins, with one more bin on each side for what lies outside."""
    edges = np.asarray(histogram["edges"], float)
    numbers = np.asarray(list(_finite(values)), float)
    places = np.searchsorted(edges, numbers, side="right")
    places[numbers == edges[-1]] = len(edges) - 1  # the last bin is closed
    live = np.bincount(places, minlength=len(edges) + 1)
    bins = [f"{low:.4g} – {high:.4g}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    labels = [f"< {edges[0]:.4g}", *bins, f"> {edges[-1]:.4g}"]
    reference = [0, *histogram["counts"], 0]
    return _drop_unused(labels, reference, live.tolist())


def _count_categories(
    histogram: Mapping[str, Any], values: Sequence[Any]
) -> tuple[list[str], list[float], list[float]]:
    categories = [str(c) for c in histogram["categories"]]
    places = {c: n for n, c in enumerate(categories)}
    live = [0] * (len(categories) + 1)
    for value in values:
        live[places.get(str(value), len(categories))] += 1
    reference = [*histogram["counts"], histogram.get("other", 0)]
    return _drop_unused([*categories, "other"], reference, live)


def _drop_unused(labels: list[str], reference: list, live: list) -> tuple[list[str], list[float], list[float]]:
    """Without the bins that neither side uses: an outer bin only counts once something falls into it."""
    used = [n for n in range(len(labels)) if reference[n] or live[n]]
    return [labels[n] for n in used], [reference[n] for n in used], [live[n] for n in used]


def _finite(values: Iterable[Any]) -> Iterable[float]:
    for value in values:
        if isinstance(value, int | float) and np.isfinite(value):
            yield float(value)


def _shares(counts: Sequence[float]) -> np.ndarray:
    filled = np.maximum(np.asarray(counts, float), _FLOOR)
    return filled / filled.sum()


def _plain_shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [c / total if total else 0.0 for c in counts]
