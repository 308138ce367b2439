"""Rows of a table into items, a thousand at a time and column by column.

Makes exactly what `rows.RowBuilder` makes one by one; rows it is not sure of are left to it. Tables repeat themselves,
so the JSON of a cell is made once and looked up afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import orjson

from workers.engines.ingest.errors import Refused
from workers.engines.ingest.event_times import EventTimes
from workers.engines.ingest.kinds import is_missing, parse_number
from workers.engines.ingest.records import Record
from workers.engines.ingest.row_prints import RowGrid, hash_number, hash_text, read_numbers

BAD = "\0"  # in place of a piece that cannot be made; no piece holds a NUL
MOST_KEPT = 100_000
PLAIN = frozenset((str, type(None)))


class _Cache(dict):
    """{cell: what is made of it}, made when first asked for."""

    def __init__(self, make: Callable[[object], str | None]):
        super().__init__()
        self._make = make

    def __missing__(self, cell: object) -> str | None:
        try:
            made = self._make(cell)
        except (Refused, ValueError, TypeError):
            made = BAD
        self[cell] = made
        return made


class _Feature(_Cache):
    """{cell: its piece of the JSON}; `marks` has what the same cell is to the row's fingerprint."""

    def __init__(self, name: str, is_number: bool, is_marked: bool):
        super().__init__(self._make_number if is_number else self._make_text)
        self.marks: dict[object, int] = {}
        self._name, self._is_marked = name, is_marked

    def clear(self) -> None:
        super().clear()
        self.marks.clear()

    def _make_number(self, cell: object) -> str:
        if self._is_marked:
            self.marks[cell] = 0
        number = parse_number(cell)
        if number is None:
            return ""
        if self._is_marked:
            self.marks[cell] = hash_number(self._name, number)
        return _encode(self._name, number)

    def _make_text(self, cell: object) -> str:
        self.marks[cell] = 0
        text = "" if cell is None else str(cell).strip()
        if "\0" in text:
            raise Refused("a NUL character")
        if is_missing(text):
            return ""
        self.marks[cell] = hash_text(self._name, text)
        return _encode(self._name, text)


class QuickRows:
    """`features` are (name, place, is a number); `roles` say how the label, group and split columns are read,
    `times` where the moment stands and how it is."""

    def __init__(
        self,
        features: Sequence[tuple[str, int, bool]],
        roles: Mapping[str, tuple[int, Callable[[object], str | None]]],
        uri: str,
        row_bytes: int,
        grid: RowGrid,
        split: str | None = None,
        times: tuple[int, EventTimes] | None = None,
    ):
        self._grid = grid
        self._times = (times[0], _Cache(times[1].read), times[1].origin) if times else None
        self._features = {
            name: (place, _Feature(name, is_number, name not in grid.names), is_number)
            for name, place, is_number in sorted(features)
        }
        self._roles = {field: (place, _Cache(read)) for field, (place, read) in roles.items()}
        self._uri = uri
        self._row_bytes = row_bytes
        self._split = split

    def build(self, rows: Sequence[tuple[int, Sequence[object]]]) -> tuple[list[Sequence | None], list[int]]:
        """The columns of Record, without the rows whose places are returned beside them."""
        lines, cells = zip(*rows, strict=True)
        columns = list(zip(*cells, strict=True))
        cells_of = {
            name: columns[place] if is_number else _read_texts(columns[place])
            for name, (place, _, is_number) in self._features.items()
        }
        pieces = [_look_up(cache, cells_of[name]) for name, (_, cache, _) in self._features.items()]
        prints, near = self._fingerprint(cells_of, len(lines))
        roles = {field: _look_up(cache, columns[place]) for field, (place, cache) in self._roles.items()}
        texts = _join(pieces, len(lines))
        encoded = [text.encode("utf-8", "replace") for text in texts]
        sizes = list(map(len, encoded))
        bad = _find_bad([*pieces, *roles.values()], sizes, self._row_bytes)
        found: dict[str, list] = (
            {"split": [self._split] * len(lines)}
            | roles
            | {
                "content_hash": [hashlib.sha256(content).hexdigest() for content in encoded],
                "row": texts,
                "source_uri": [f"{self._uri}#{line}" for line in lines],
                "mime": ["application/json"] * len(lines),
                "byte_size": sizes,
                "fingerprint": prints,
                "near_prints": near,
            }
            | self._read_times(columns)
        )
        made: Mapping[str, Sequence] = found
        if bad:
            gone = set(bad)
            kept = [place for place in range(len(lines)) if place not in gone]
            made = {field: tuple(values[place] for place in kept) for field, values in found.items()}
        return [made.get(field) for field in Record._fields], bad

    def _read_times(self, columns: Sequence[Sequence[object]]) -> dict[str, list]:
        if self._times is None:
            return {}
        place, cache, origin = self._times
        moments = _look_up(cache, columns[place])
        return {"event_time": moments, "event_time_origin": [moment and origin for moment in moments]}

    def _fingerprint(self, cells: Mapping[str, Sequence[object]], count: int) -> tuple[list, list]:
        """Of every row, and its near_prints; call once the cells are looked up."""
        rest = np.zeros(count, np.int64)
        close = np.empty((count, len(self._grid.names)))
        for name, (_, cache, _) in self._features.items():
            if name in self._grid.names:
                close[:, self._grid.names.index(name)] = read_numbers(cells[name])
            elif name not in self._grid.ignored:
                rest += np.fromiter(map(cache.marks.__getitem__, cells[name]), np.int64, count)
        return self._grid.compute(rest, close)


def _read_texts(column: Sequence[object]) -> Sequence[object]:
    """Equal cells mean the same whatever their type for a number, as 1 and 1.0 do, but not for a text."""
    if PLAIN.issuperset(map(type, column)):
        return column
    return [None if is_missing(cell) else str(cell) for cell in column]


def _look_up(cache: _Cache, column: Sequence[object]) -> list:
    if len(cache) > MOST_KEPT:
        cache.clear()
    return list(map(cache.__getitem__, column))


def _join(pieces: Sequence[list[str]], count: int) -> list[str]:
    if not pieces:
        return ["{}"] * count
    rows = zip(*pieces, strict=True)
    if any("" in column for column in pieces):
        return ["{" + ",".join(filter(None, row)) + "}" for row in rows]
    return ["{" + ",".join(row) + "}" for row in rows]


def _find_bad(columns: Sequence[list], sizes: Sequence[int], most: int) -> list[int]:
    bad = {place for column in columns if BAD in column for place, piece in enumerate(column) if piece == BAD}
    if min(sizes) <= 2 or max(sizes) > most:
        bad.update(place for place, size in enumerate(sizes) if size <= 2 or size > most)
    return sorted(bad)


def _encode(name: str, value: object) -> str:
    return orjson.dumps({name: value})[1:-1].decode()
