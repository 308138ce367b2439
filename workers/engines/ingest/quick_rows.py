"""Rows of a table into items, a thousand at a time and column by column.

Makes exactly what `rows.RowBuilder` makes one by one; rows it is not sure of are left to it. Tables repeat themselves,
so the JSON of a cell is made once and looked up afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import orjson

from workers.engines.ingest.errors import Refused
from workers.engines.ingest.kinds import is_missing, parse_number
from workers.engines.ingest.records import Record

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


class QuickRows:
    """`features` are (name, place, is a number); `roles` say how the label, group and split columns are read."""

    def __init__(
        self,
        features: Sequence[tuple[str, int, bool]],
        roles: Mapping[str, tuple[int, Callable[[object], str | None]]],
        uri: str,
        row_bytes: int,
        split: str | None = None,
    ):
        self._features = [
            (place, _Cache(_number_maker(name) if is_number else _text_maker(name)), is_number)
            for name, place, is_number in sorted(features)
        ]
        self._roles = {field: (place, _Cache(read)) for field, (place, read) in roles.items()}
        self._uri = uri
        self._row_bytes = row_bytes
        self._split = split

    def build(self, rows: Sequence[tuple[int, Sequence[object]]]) -> tuple[list[Sequence | None], list[int]]:
        """The columns of Record, without the rows whose places are returned beside them."""
        lines, cells = zip(*rows, strict=True)
        columns = list(zip(*cells, strict=True))
        pieces = [_look_up(cache, columns[place], is_number) for place, cache, is_number in self._features]
        roles = {field: _look_up(cache, columns[place], True) for field, (place, cache) in self._roles.items()}
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
            }
        )
        made: Mapping[str, Sequence] = found
        if bad:
            gone = set(bad)
            kept = [place for place in range(len(lines)) if place not in gone]
            made = {field: tuple(values[place] for place in kept) for field, values in found.items()}
        return [made.get(field) for field in Record._fields], bad


def _look_up(cache: _Cache, column: Sequence[object], is_any: bool) -> list:
    """`is_any`: equal cells mean the same whatever their type, as 1 and 1.0 do for a number but not for a text."""
    if len(cache) > MOST_KEPT:
        cache.clear()
    if not is_any and not PLAIN.issuperset(map(type, column)):
        column = [None if is_missing(cell) else str(cell) for cell in column]
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


def _number_maker(name: str) -> Callable[[object], str]:
    def make(cell: object) -> str:
        number = parse_number(cell)
        return "" if number is None else _encode(name, number)

    return make


def _text_maker(name: str) -> Callable[[object], str]:
    def make(cell: object) -> str:
        text = "" if cell is None else str(cell).strip()
        if "\0" in text:
            raise Refused("a NUL character")
        return "" if is_missing(text) else _encode(name, text)

    return make


def _encode(name: str, value: object) -> str:
    return orjson.dumps({name: value})[1:-1].decode()
