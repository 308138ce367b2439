"""64-bit fingerprints of rows: equal for rows that differ only in spelling, or by little in every number.

A row's fingerprint is its cell of a grid: categories and texts as they read but for case and spaces, numbers by the
stretch they lie in. A copy may lie just beyond the edge of a stretch, so that a row comes with `near_prints` too, the
cells within reach, nearest first: whoever stores it gives it the fingerprint of the first of these that is taken. Units
are cells and never chains of cells, so that rows which lie close together everywhere do not become one unit.

What is close is said by each column's spread, as for the search for faults (engines.findings.row_twins), which takes
the tolerance from here. The label is no part of it: a copy with another label is still a copy. Decision 020.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workers.engines.ingest.kinds import parse_number

TOLERANCE = 0.002  # of a column's middle 90 %, in every number of the row
REACH = 2 * TOLERANCE  # two copies of one row may lie on both sides of it
LEAST_NUMBERS = 3  # rows with fewer are too easily alike by chance: their numbers count when they are equal
MOST_NUMBERS = 12  # the more columns, the wider the stretches must be; of more, the first by spread of values
LEAST_VALUES = 10  # a number with fewer different values is a category
LEAST_STRETCH = 6  # stretches are at least so many tolerances wide, and STRETCH for every number
STRETCH = 3
MOST_EDGES = 5  # so many edges of a row may be crossed, the nearest ones; 32 cells
EQUAL, IGNORED = 0.0, -1.0  # in place of a spread
Ints = NDArray[np.int64]
_HALF = 1 << 62


def settle_spreads(known: Mapping[str, float], sample: Mapping[str, Sequence[object]]) -> dict[str, float]:
    """{column of numbers: width of its middle 90 %}, and EQUAL where only equal numbers are close, IGNORED where the
    column does not count. What is known stays, so that fingerprints of all imports are of one grid."""
    found = {name: known[name] for name in sample if name in known}
    fresh = {name: _measure(cells) for name, cells in sample.items() if name not in known}
    room = MOST_NUMBERS - sum(spread > 0 for spread in known.values())
    ranked = sorted(fresh, key=lambda name: (-fresh[name][1], name))
    for name in ranked:
        spread = fresh[name][0]
        found[name] = spread if spread == EQUAL or room > 0 else IGNORED
        room -= spread > 0
    return found


def _measure(cells: Sequence[object]) -> tuple[float, int]:
    """The spread, and how many different values there are."""
    numbers = np.array([number for cell in cells if (number := _read(cell)) is not None], dtype=np.float64)
    values = len(np.unique(numbers))
    if values < min(LEAST_VALUES, len(numbers) / 2):
        return EQUAL, values
    low, high = np.quantile(numbers, [0.05, 0.95]) if values else (0.0, 0.0)
    return (float(high - low) if np.isfinite(high - low) else EQUAL), values


def read_numbers(cells: Sequence[object]) -> NDArray[np.float64]:
    """A column as numbers, NaN where a cell is missing or none."""
    import pyarrow as pa  # not for a crawler of texts and pictures, whose processes should start at once

    try:
        if type(cells[0]) is str:
            return pa.array(cells, pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.array(cells, np.float64)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return np.array([_read(cell) for cell in cells], np.float64)


def _read(cell: object) -> float | None:
    try:
        return parse_number(cell)
    except ValueError:
        return None


def hash_text(name: str, text: str) -> int:
    """What a cell adds to the fingerprint of its row that is compared as it reads."""
    return _hash(f"{name}\0{' '.join(text.split()).casefold()}")


def hash_number(name: str, number: float) -> int:
    """What a number adds that is compared for equality."""
    return _hash(f"{name}\0#{float(number)!r}")


def hash_value(name: str, value: object) -> int:
    """A cell that is not compared by distance, as it is stored."""
    return hash_number(name, value) if isinstance(value, int | float) else hash_text(name, str(value))


def _wrap(total: int) -> Ints:
    """[1], modulo 2 to the power of 64, as arrays add."""
    return np.array([total & (1 << 64) - 1], np.uint64).view(np.int64)


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class RowGrid:
    """The grid of one table. `spreads` are those of its columns of numbers: `names` are compared by distance, in this
    order, `ignored` not at all and all others for equality."""

    def __init__(self, spreads: Mapping[str, float]):
        close = {name: spread for name, spread in spreads.items() if spread > 0}
        self.names = tuple(sorted(close)) if len(close) >= LEAST_NUMBERS else ()
        self.ignored = frozenset(name for name, spread in spreads.items() if spread == IGNORED)
        self._columns = {name: place for place, name in enumerate(self.names)}
        count = len(self.names)
        width = max(LEAST_STRETCH, STRETCH * count)
        self._edge = REACH / (TOLERANCE * width)  # of a stretch, within which a copy may lie beyond its edge
        self._widths = np.array([TOLERANCE * width * close[name] for name in self.names])
        self._offsets = np.array([(_hash(f"offset\0{name}") % 65_521) / 65_521 for name in self.names])
        self._steps = np.array([_hash(f"step\0{name}") | 1 for name in self.names], np.int64)
        self._there = np.array([_hash(f"there\0{name}") for name in self.names], np.int64)

    def compute(self, rest: Ints, numbers: NDArray[np.float64]) -> tuple[list[int], list[bytes | None]]:
        """The fingerprint of each row, and its near_prints. `rest` [n] is what the other cells add up to, `numbers`
        [n, len(names)] the cells that are compared by distance, NaN where one is missing."""
        with np.errstate(over="ignore", invalid="ignore"):
            places = numbers / self._widths + self._offsets
            is_there = np.isfinite(places) & (np.abs(places) < _HALF)
            places = np.where(is_there, places, 0.0)
            stretch = np.floor(places)
            added = np.where(is_there, self._there + self._steps * stretch.astype(np.int64), 0)
            prints = rest + added.sum(axis=1, dtype=np.int64)
            inside = places - stretch
            far = np.minimum(inside, 1 - inside)  # from the nearest edge
            turn = np.where(inside < 0.5, -1, 1) * (is_there & (far < self._edge))
            if len(self.names) > MOST_EDGES:
                _keep_nearest(turn, far)
            rows, near = self._list_near(prints, turn, far)
        ends = (near.itemsize * np.searchsorted(rows, np.arange(len(prints) + 1))).tolist()
        flat = near.astype("<i8").tobytes()
        found = [flat[a:b] or None for a, b in zip(ends, ends[1:], strict=False)]
        return prints.tolist(), found

    def compute_row(self, row: Mapping[str, object]) -> tuple[int, bytes | None]:
        """As `compute_stored`, of one row."""
        prints, near = self.compute_stored([row])
        return prints[0], near[0]

    def compute_stored(self, rows: Sequence[Mapping[str, object]]) -> tuple[list[int], list[bytes | None]]:
        """As `compute`, of rows as they are stored, from whichever door: what is no number in a column of numbers
        is compared as it reads."""
        rest = np.zeros(len(rows), np.int64)
        numbers = np.full((len(rows), len(self.names)), np.nan)
        for place, row in enumerate(rows):
            total = 0
            for name, value in row.items():
                number = _read(value) if name in self._columns and not isinstance(value, bool) else None
                if number is not None:
                    numbers[place, self._columns[name]] = number
                elif name not in self.ignored and value is not None:
                    total += hash_value(name, value)
            rest[place] = _wrap(total)[0]
        return self.compute(rest, numbers)

    def _list_near(self, prints: Ints, turn: Ints, far: NDArray[np.float64]) -> tuple[Ints, Ints]:
        """(row, fingerprint) of every cell within reach but the own one, by row and then by distance."""
        rows: Ints = np.arange(len(prints))
        keys = prints
        distance: NDArray[np.float64] = np.zeros(len(prints))
        for place, step in enumerate(self._steps):
            crosses = np.flatnonzero(turn[rows, place])
            mine = rows[crosses]
            rows = np.append(rows, mine)
            keys = np.append(keys, keys[crosses] + turn[mine, place] * step)
            distance = np.append(distance, distance[crosses] + far[mine, place])
        order = len(prints) + np.lexsort((distance[len(prints) :], rows[len(prints) :]))
        return rows[order], keys[order]


def print_rows(
    spreads: Mapping[str, float], rows: Sequence[Mapping[str, object]]
) -> tuple[list[int], list[bytes | None]]:
    """Fingerprints and near_prints of rows as they are stored, in the grid of these spreads."""
    return RowGrid(spreads).compute_stored(rows)


def _keep_nearest(turn: Ints, far: NDArray[np.float64]) -> None:
    """Only MOST_EDGES edges of a row are crossed."""
    many = np.flatnonzero((turn != 0).sum(axis=1) > MOST_EDGES)
    if len(many):
        distance = np.where(turn[many] != 0, far[many], np.inf)
        beyond = np.argsort(distance, axis=1)[:, MOST_EDGES:]
        turn[many[:, None], beyond] = 0
