"""How far people agree beyond chance: kappas, alphas and who mixes up what, on coded answers; numpy only.

Answers come in long form, three arrays of one length: the unit (item), the rater and the code of the answer, at most
one row for each unit and rater. Missing answers are rows that are not there. Memory is a few times those arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Distance = Callable[[Ints, Ints], Floats]  # squared distances of codes, element by element

LEVELS = ("nominal", "ordinal", "interval")
_CHUNK = 512  # rows of a distance matrix at a time


@dataclass(frozen=True)
class Pairs:
    """Every two answers to one unit, once: who gave them (rater_a < rater_b), what they said; `weight` is
    1 / (answers of the unit - 1), which is how much the pair counts in alpha."""

    unit: Ints
    rater_a: Ints
    rater_b: Ints
    code_a: Ints
    code_b: Ints
    weight: Floats

    def select(self, chosen: NDArray[np.bool_]) -> Pairs:
        fields = (self.unit, self.rater_a, self.rater_b, self.code_a, self.code_b, self.weight)
        return Pairs(*(field[chosen] for field in fields))  # type: ignore[arg-type]


def pair_up(units: Ints, raters: Ints, codes: Ints) -> Pairs:
    """All pairs of answers to the same unit."""
    order = np.lexsort((raters, units))
    units, raters, codes = units[order], raters[order], codes[order]
    _, inverse, counts = np.unique(units, return_inverse=True, return_counts=True)
    weights = 1.0 / np.maximum(counts[inverse] - 1, 1)
    found: list[tuple[NDArray, ...]] = []
    for step in range(1, int(counts.max(initial=1))):
        same = np.flatnonzero(units[:-step] == units[step:])
        later = same + step
        found.append((units[same], raters[same], raters[later], codes[same], codes[later], weights[same]))
    if not found:
        empty = np.zeros(0, np.int64)
        return Pairs(empty, empty, empty, empty, empty, np.zeros(0))
    return Pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def percent_agreement(pairs: Pairs) -> float | None:
    """The share of pairs that say the same; None without a pair."""
    return float(np.mean(pairs.code_a == pairs.code_b)) if pairs.unit.size else None


def count_confusion(pairs: Pairs, size: int) -> Ints:
    """(size, size) counts of what the first and the second rater of each pair said."""
    counted = np.bincount(pairs.code_a * size + pairs.code_b, minlength=size * size)
    return counted.reshape(size, size).astype(np.int64)


def cohen_kappa(confusion: NDArray, weights: str = "") -> float | None:
    """Cohen's kappa (1960) of a square confusion matrix of two raters; "linear" or "quadratic" weights (1968).

    None where it is not defined: no answers, or both raters said one and the same thing throughout.
    """
    table = np.asarray(confusion, np.float64)
    total = table.sum()
    if not total:
        return None
    size = len(table)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    cost = apart**2 if weights == "quadratic" else apart if weights == "linear" else (apart > 0).astype(np.float64)
    expected = float((cost * np.outer(table.sum(axis=1), table.sum(axis=0))).sum() / total)
    if not expected:
        return None
    return 1.0 - float((cost * table).sum()) / expected


def fleiss_kappa(table: NDArray) -> float | None:
    """Fleiss' kappa (1971) of (units, categories) counts with the same number of answers to every unit.

    None where it is not defined: fewer than two answers to a unit, or one category throughout.
    """
    counts = np.asarray(table, np.float64)
    if not counts.size:
        return None
    answers = counts[0].sum()
    if answers < 2 or not np.all(counts.sum(axis=1) == answers):
        return None
    shares = counts.sum(axis=0) / counts.sum()
    observed = float(np.mean(((counts**2).sum(axis=1) - answers) / (answers * (answers - 1))))
    expected = float((shares**2).sum())
    return (observed - expected) / (1.0 - expected) if expected < 1.0 else None


def count_table(units: Ints, codes: Ints, size: int) -> tuple[NDArray, int]:
    """((units, categories) counts of the units with the commonest number of answers from two up, that number)."""
    _, inverse, counts = np.unique(units, return_inverse=True, return_counts=True)
    several = counts[counts >= 2]
    if not several.size:
        return np.zeros((0, size), np.int32), 0
    usual = int(np.bincount(several).argmax())
    place = np.cumsum(counts == usual) - 1
    chosen = counts[inverse] == usual
    table = np.zeros((int((counts == usual).sum()), size), np.int32)
    np.add.at(table, (place[inverse[chosen]], codes[chosen]), 1)
    return table, usual


def krippendorff_alpha(
    pairs: Pairs, units: Ints, codes: Ints, *, level: str = "nominal", values: Sequence[float] | None = None
) -> float | None:
    """Krippendorff's alpha (2011, "Computing Krippendorff's Alpha-Reliability") with any pattern of missing answers.

    `values` are the numbers behind the codes, in rising order, for the interval level; for the ordinal level codes
    are ranks. None where it is not defined: no unit with two answers, or one value throughout.
    """
    size = int(codes.max(initial=-1)) + 1
    marginals = _count_pairable(units, codes, size)
    if level == "interval":
        numbers = np.asarray(values, np.float64)
        return _compute_interval_alpha(pairs, marginals, numbers)
    return compute_alpha(pairs, marginals, _measure_ranks(marginals) if level == "ordinal" else _measure_sameness)


def compute_alpha(pairs: Pairs, marginals: Floats, distance: Distance) -> float | None:
    """Alpha for any squared distance between codes; `marginals` are the pairable answers by code."""
    total = marginals.sum()
    expected = _expect_disagreement(marginals, distance)
    if total < 2 or not expected:
        return None
    observed = 2.0 * float((pairs.weight * distance(pairs.code_a, pairs.code_b)).sum())
    return 1.0 - (total - 1.0) * observed / expected


def count_pairable(units: Ints, codes: Ints) -> Floats:
    """Answers by code, of the units with two answers or more."""
    return _count_pairable(units, codes, int(codes.max(initial=-1)) + 1)


def _count_pairable(units: Ints, codes: Ints, size: int) -> Floats:
    _, inverse, counts = np.unique(units, return_inverse=True, return_counts=True)
    return np.bincount(codes[counts[inverse] >= 2], minlength=size).astype(np.float64)


def _expect_disagreement(marginals: Floats, distance: Distance) -> float:
    """The sum over all ordered pairs of codes of how often they would meet by chance, times their distance."""
    present = np.flatnonzero(marginals)
    if distance is _measure_sameness:
        return float(marginals.sum() ** 2 - (marginals**2).sum())
    total = 0.0
    for start in range(0, len(present), _CHUNK):
        rows = present[start : start + _CHUNK]
        first, second = np.meshgrid(rows, present, indexing="ij")
        apart = distance(first.ravel(), second.ravel()).reshape(first.shape)
        total += float(marginals[rows] @ apart @ marginals[present])
    return total


def _measure_sameness(first: Ints, second: Ints) -> Floats:
    return (first != second).astype(np.float64)


def _measure_ranks(marginals: Floats) -> Distance:
    """Ordinal distance: the answers between two ranks, half of each end's."""
    middle = np.cumsum(marginals) - marginals / 2

    def measure(first: Ints, second: Ints) -> Floats:
        return (middle[first] - middle[second]) ** 2

    return measure


def _compute_interval_alpha(pairs: Pairs, marginals: Floats, numbers: Floats) -> float | None:
    """In closed form, since there may be as many values as answers."""
    total = float(marginals.sum())
    if total < 2:
        return None
    centered = numbers - float(marginals @ numbers) / total
    expected = 2.0 * total * float(marginals @ centered**2)
    if not expected:
        return None
    apart = (centered[pairs.code_a] - centered[pairs.code_b]) ** 2
    return 1.0 - (total - 1.0) * 2.0 * float((pairs.weight * apart).sum()) / expected


def measure_sets(sets: Sequence[frozenset[str]], kind: str = "masi") -> Distance:
    """Distances between answers of several choices, by code: Jaccard's, or MASI (Passonneau 2006)."""
    names = sorted(set().union(*sets)) if sets else []
    place = {name: n for n, name in enumerate(names)}
    has = np.zeros((len(sets), max(len(names), 1)), np.float32)
    for row, chosen in enumerate(sets):
        has[row, [place[name] for name in chosen]] = 1.0
    sizes = has.sum(axis=1)

    def measure(first: Ints, second: Ints) -> Floats:
        both = np.einsum("ij,ij->i", has[first], has[second]).astype(np.float64)
        either = sizes[first] + sizes[second] - both
        jaccard = np.divide(both, either, out=np.ones_like(both), where=either > 0)
        return 1.0 - jaccard * (_weigh_overlap(both, sizes[first], sizes[second]) if kind == "masi" else 1.0)

    return measure


def _weigh_overlap(both: Floats, first: NDArray, second: NDArray) -> Floats:
    """MASI's monotonicity: 1 for the same set, 2/3 for a subset, 1/3 for some overlap, 0 for none."""
    smaller, larger = np.minimum(first, second), np.maximum(first, second)
    return np.select([both == larger, both == smaller, both > 0], [1.0, 2 / 3, 1 / 3], 0.0)


def agree_by_class(confusion: NDArray) -> list[float | None]:
    """Positive specific agreement of each class: of the times that one of a pair says it, how often both do."""
    table = np.asarray(confusion, np.float64)
    said = table.sum(axis=0) + table.sum(axis=1)
    return [float(2 * both / all_) if all_ else None for both, all_ in zip(np.diag(table), said, strict=True)]


def estimate_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share (1927)."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z * np.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
