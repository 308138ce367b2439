"""Who is farther from the others than these are from each other, and how sure that is; numpy only.

Answers come as in `agreement`. Of a group of three, a bad one spoils everybody's agreement with everybody: what tells
them is that the others agree once they are left out. Errors are those of the grouped jackknife (Efron 1982, ch. 2): the
figure is worked out again without one group of units after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lifecycle.annotations.agreement import Floats, Ints, Pairs, estimate_interval

Chosen = NDArray[np.bool_]
Measure = Callable[[Chosen], float]  # agreement in the chosen groups of units

GROUPS = 40  # of units, for the jackknife
LEAST_UNITS = 20
MAX_CODES = 60  # beyond it the rare ones count as one where chance is worked out
LEAST_CHANCE = 0.2  # of two differing by chance: where nearly all say one thing, a slip is not blown up further
LEAST_SWAPS = 8  # units on which all the others say one and the same
SWAPPED_FROM = 0.5  # of those
_SURE = 3.0  # standard errors, for there are many pairs of classes


@dataclass(frozen=True)
class Standing:
    """How far one person agrees with the others, and these with each other on the same units; 1 is perfect, and for
    coded answers 0 is chance. `error` is the standard error of the difference."""

    with_others: float
    among_others: float
    error: float


@dataclass(frozen=True)
class Swap:
    """What somebody calls `said` most of the time where all the others call it `usual`; both are codes."""

    usual: int
    said: int
    times: int
    units: int


def compare_with_others(rater: int, pairs: Pairs, unit_count: int, numbers: Sequence[float] = ()) -> Standing | None:
    """The standing of one rater; None where there is too little to tell. Units of `pairs` count from 0; `numbers` are
    those behind the codes where answers are numbers: what is off by more counts for more.
    """
    is_mine = (pairs.rater_a == rater) | (pairs.rater_b == rater)
    mine = pairs.select(is_mine)
    rest = _select_rest(pairs, is_mine, mine, unit_count)
    if min(len(np.unique(mine.unit)), len(np.unique(rest.unit))) < LEAST_UNITS:
        return None
    count = _CodeCounts if not numbers else partial(_NumberCounts, np.asarray(numbers, np.float64))
    own = count(mine.unit, *_tell_apart(rater, mine))
    theirs = count(np.r_[rest.unit, rest.unit], np.r_[rest.code_a, rest.code_b], np.r_[rest.code_b, rest.code_a])
    return measure_standing(own.measure, theirs.measure, own.pairs > 0)


def measure_standing(own: Measure, theirs: Measure, is_filled: Chosen) -> Standing:
    """From agreement as a function of which groups of units are looked at; `is_filled` are those with any."""
    every = np.ones(GROUPS, bool)
    error = jackknife(lambda chosen: theirs(chosen) - own(chosen), is_filled)
    return Standing(own(every), theirs(every), error)


def jackknife(measure: Measure, is_filled: Chosen) -> float:
    """The standard error of measure(chosen groups), leaving out one filled group after the other."""
    filled = np.flatnonzero(is_filled)
    left = np.empty(len(filled))
    for place, group in enumerate(filled):
        chosen = np.ones(len(is_filled), bool)
        chosen[group] = False
        left[place] = measure(chosen)
    count = max(len(filled), 2)
    return float(np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum()))


def find_swaps(rater: int, pairs: Pairs) -> list[Swap]:
    """What this rater calls something else most of the time, on units where two others or more all say the same."""
    mine = pairs.select((pairs.rater_a == rater) | (pairs.rater_b == rater))
    order = np.argsort(mine.unit, kind="stable")
    units, (said, heard) = mine.unit[order], (codes[order] for codes in _tell_apart(rater, mine))
    _, starts, counts = np.unique(units, return_index=True, return_counts=True)
    if not starts.size:
        return []
    lowest, highest = np.minimum.reduceat(heard, starts), np.maximum.reduceat(heard, starts)
    agreed = (counts >= 2) & (lowest == highest)
    usual, given = lowest[agreed], said[starts][agreed]
    found = []
    for code in np.unique(usual).tolist():
        answers, times = np.unique(given[usual == code], return_counts=True)
        best, total = int(times.argmax()), int(times.sum())
        often, is_much = int(times[best]), times[best] >= SWAPPED_FROM * total and total >= LEAST_SWAPS
        if answers[best] != code and is_much and estimate_interval(often, total, _SURE)[0] > SWAPPED_FROM / 2:
            found.append(Swap(code, int(answers[best]), often, total))
    return found


class _CodeCounts:
    """By group of units: pairs, those that differ, and how often either side said what."""

    def __init__(self, units: Ints, first: Ints, second: Ints) -> None:
        groups = units % GROUPS
        self.pairs = np.bincount(groups, minlength=GROUPS).astype(np.float64)
        self._apart = np.bincount(groups, weights=(first != second).astype(np.float64), minlength=GROUPS)
        self._first, self._second = _spread(groups, first), _spread(groups, second)

    def measure(self, chosen: Chosen) -> float:
        """Cohen's kappa (1960), all pairs taken together."""
        total = self.pairs[chosen].sum()
        if not total:
            return 1.0
        same = float(self._first[chosen].sum(axis=0) @ self._second[chosen].sum(axis=0)) / total**2
        return 1.0 - float(self._apart[chosen].sum() / total) / max(1.0 - same, LEAST_CHANCE)


class _NumberCounts:
    """By group of units: pairs, their squared differences, and the sums behind means and variances of either side."""

    def __init__(self, numbers: Floats, units: Ints, first: Ints, second: Ints) -> None:
        groups = units % GROUPS
        centered = numbers - numbers.mean()
        a, b = centered[first], centered[second]
        self.pairs = np.bincount(groups, minlength=GROUPS).astype(np.float64)
        self._sums = np.stack(
            [np.bincount(groups, weights=of, minlength=GROUPS) for of in ((a - b) ** 2, a, b, a**2 + b**2)]
        )

    def measure(self, chosen: Chosen) -> float:
        """Kappa with quadratic weights (Cohen 1968), all pairs taken together."""
        total = max(self.pairs[chosen].sum(), 1.0)
        apart, a, b, squares = self._sums[:, chosen].sum(axis=1) / total
        by_chance = squares - 2 * a * b
        return 1.0 - float(apart / by_chance) if by_chance > 0 else 1.0


def _spread(groups: Ints, codes: Ints) -> Floats:
    """(groups, codes) counts; rare codes, which are the highest ones, count as one."""
    size = MAX_CODES + 1
    cells = groups * size + np.minimum(codes, MAX_CODES)
    return np.bincount(cells, minlength=GROUPS * size).reshape(GROUPS, size).astype(np.float64)


def _tell_apart(rater: int, mine: Pairs) -> tuple[Ints, Ints]:
    """What the rater said in each pair, and what the other said."""
    is_first = mine.rater_a == rater
    return np.where(is_first, mine.code_a, mine.code_b), np.where(is_first, mine.code_b, mine.code_a)


def _select_rest(pairs: Pairs, is_mine: Chosen, mine: Pairs, unit_count: int) -> Pairs:
    """What the others said of the same units; of all units where hardly any two of them met this rater's."""
    is_met = np.zeros(unit_count, bool)
    is_met[mine.unit] = True
    same = pairs.select(~is_mine & is_met[pairs.unit])
    return same if len(np.unique(same.unit)) >= LEAST_UNITS else pairs.select(~is_mine)
