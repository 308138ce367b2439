"""Rows that are equal but for the spelling of their cells, and rows that differ within a tolerance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from workers.engines.findings.features import read_number
from workers.engines.findings.twins import Pair, pair_equal
from workers.engines.ingest.row_prints import LEAST_NUMBERS, TOLERANCE

MAX_PAIRS = 200_000
EXACT_INTEGER = 1 << 53  # larger ones that differ may be one float


def find_equal(rows: Sequence[Mapping[str, Any]]) -> list[Pair]:
    return pair_equal([tuple(sorted((k, _plain(v)) for k, v in row.items())) for row in rows], "Same values")


def find_close(
    rows: Sequence[Mapping[str, Any]],
    numbers: Sequence[str],
    skip: set[int],
    check: Callable[[], None],
    tolerance: float = TOLERANCE,
) -> list[Pair]:
    """Pairs whose categories are the same and whose numbers all differ by at most `tolerance` of the column's range,
    which is that of its middle 90 %."""
    if len(numbers) < LEAST_NUMBERS or not rows:
        return []
    table = np.array([[_number(row.get(name)) for name in numbers] for row in rows])
    table[~np.isfinite(table)] = np.nan
    low, high = _find_range(table)
    width = np.where(high > low, high - low, 1.0)
    scaled = np.nan_to_num(table / width, nan=-1e6, posinf=1e300, neginf=-1e300)
    pairs: list[Pair] = []
    for places in _group(rows, set(numbers), skip).values():
        check()
        tree = cKDTree(scaled[places])
        for a, b in sorted(tree.query_pairs(tolerance, p=np.inf)):
            distance = float(np.abs(scaled[places[a]] - scaled[places[b]]).max())
            reason = f"Same values within {distance:.2%} of their range; up to {tolerance:.2%} counts as near"
            pairs.append(Pair(places[a], places[b], 1 - distance, reason))
        if len(pairs) > MAX_PAIRS:
            break
    return pairs


def _find_range(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the middle 90 % of each column begins and ends; 0 and 0 for a column without a number."""
    ends = np.zeros((2, table.shape[1]))
    has_any = np.isfinite(table).any(axis=0)
    if has_any.any():
        ends[:, has_any] = np.nanquantile(table[:, has_any], [0.05, 0.95], axis=0)
    return ends[0], ends[1]


def _group(rows: Sequence[Mapping[str, Any]], numbers: set[str], skip: set[int]) -> dict[tuple, list[int]]:
    """Places by the values of everything that is no number."""
    groups: dict[tuple, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if place not in skip:
            groups[tuple(sorted((k, _plain(v)) for k, v in row.items() if k not in numbers))].append(place)
    return {key: places for key, places in groups.items() if len(places) > 1}


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return repr(value if isinstance(value, int) and abs(value) > EXACT_INTEGER else float(value))
    return " ".join(str(value).split()).casefold()


def _number(value: Any) -> float:
    return read_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
