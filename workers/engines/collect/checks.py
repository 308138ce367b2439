"""Enforces a contract column by column: what a cell is, whether it fits, and what was seen on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import cast

from lifecycle.contracts.ingest import MISSING_WORDS
from lifecycle.contracts.sources import REMEMBERED_VALUES, ColumnRule, Observed
from workers.engines.collect.cells import Cell
from workers.engines.ingest.kinds import DATE_FORMATS, is_missing, parse_number

BOOLEANS = frozenset({"true", "false", "yes", "no", "t", "f", "y", "n", "1", "0"})
SHOWN_CHARS = 60
LONGEST_REMEMBERED = 100
LONGEST_MISSING = max(map(len, MISSING_WORDS))
NUMBERS = ("number", "integer")
ORDERED = (*NUMBERS, "date")
NOTHING: frozenset[Cell] = frozenset((None, ""))
Value = str | int | float


class ColumnCheck:
    """One column's rule, called with whole columns of cells; remembers what it saw."""

    def __init__(self, rule: ColumnRule, *, is_key: bool = False):
        self.rule = rule
        self.read = READERS[rule.type]
        self.is_required = rule.required or is_key
        self.has_words = rule.type not in ("text", "image")  # a word like "n/a" says that nothing is there
        self.low, self.high = (_read_bound(bound, self.read) for bound in (rule.minimum, rule.maximum))
        self.allowed = frozenset(rule.allowed)
        self.nothing = NOTHING | MISSING_WORDS if self.has_words else NOTHING
        self.missing = self.seen = 0
        self.lowest: Value | None = None
        self.highest: Value | None = None
        self.values: set[str] | None = set()

    def run(self, cells: Sequence[Cell], bad: dict[int, str]) -> None:
        """Add {place: reason} for every cell that breaks the rule, unless its row has a reason already."""
        if not self._run_at_once(cells):
            self._run_one_by_one(cells, bad)
        if self.rule.pattern:
            self._match(cells, bad)

    def _run_at_once(self, cells: Sequence[Cell]) -> bool:
        """The column as most are: every cell keeps the rule. False, and nothing remembered, where one may not."""
        said = [cell for cell in cells if cell not in self.nothing]
        missing = len(cells) - len(said)
        if missing and self.is_required:
            return False
        if said:
            values = self._read_numbers(said) if self.rule.type in NUMBERS else self._read_words(said)
            if values is None or any(map(self._judge, values)):
                return False
            self._remember_all(values)
        self.seen += len(said)
        self.missing += missing
        return True

    def _read_numbers(self, said: Sequence[Cell]) -> Sequence[Value] | None:
        """The least and the largest of them; None where they must be looked at one by one."""
        try:
            numbers = list(map(float, said))  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return None
        if self.allowed or not math.isfinite(sum(numbers)) or "_" in "".join(c for c in said if type(c) is str):
            return None
        if self.rule.type == "integer" and not all(map(float.is_integer, numbers)):
            return None
        return [self.read(min(numbers)), self.read(max(numbers))]

    def _read_words(self, said: Sequence[Cell]) -> Collection[Value] | None:
        """The different values; None where the cells must be looked at one by one."""
        if set(map(type, said)) != {str}:
            return None
        words = set(cast("Sequence[str]", said))
        if any(self._is_missing(word) for word in words if len(word) <= LONGEST_MISSING or word[0].isspace()):
            return None
        is_only_text = self.read is _read_text and self.values is None and not self.allowed
        if is_only_text and "".join(words).isascii():
            return ()
        try:
            return set(map(self.read, words))
        except ValueError:
            return None

    def _remember_all(self, values: Collection[Value]) -> None:
        seen = self.seen
        for value in values:
            self._remember(value, self.rule.type in ORDERED)
        self.seen = seen

    def _run_one_by_one(self, cells: Sequence[Cell], bad: dict[int, str]) -> None:
        is_ordered = self.rule.type in ORDERED
        for place, cell in enumerate(cells):
            if self._is_missing(cell):
                self.missing += 1
                if self.is_required and place not in bad:
                    bad[place] = f"column {self.rule.name}: is empty, and must not be"
                continue
            try:
                value = self.read(cell)
            except ValueError as error:
                bad.setdefault(place, f"column {self.rule.name}: {show(cell)} {error}")
                continue
            reason = self._judge(value) if is_ordered or self.allowed else ""
            if reason:
                bad.setdefault(place, f"column {self.rule.name}: {show(cell)} {reason}")
            else:
                self._remember(value, is_ordered)

    def observe(self) -> Observed:
        """What was seen in all cells so far that kept the rule."""
        values = tuple(sorted(self.values)) if self.values else ()
        return Observed(self.seen, self.missing, self.lowest, self.highest, values)

    def _is_missing(self, cell: Cell) -> bool:
        if type(cell) is str:
            if len(cell) > LONGEST_MISSING and not cell[0].isspace():
                return False  # most cells: neither blank nor a word that says nothing
            return not cell.strip() or (self.has_words and cell.strip().lower() in MISSING_WORDS)
        return is_missing(cell)

    def _judge(self, value: Value) -> str:
        if self.low is not None and value < self.low:  # type: ignore[operator]
            return f"is less than {self.rule.minimum}"
        if self.high is not None and value > self.high:  # type: ignore[operator]
            return f"is more than {self.rule.maximum}"
        if self.allowed and str(value) not in self.allowed:
            return "is none of the allowed values"
        return ""

    def _remember(self, value: Value, is_ordered: bool) -> None:
        self.seen += 1
        if is_ordered:
            if self.lowest is None or value < self.lowest:  # type: ignore[operator]
                self.lowest = value
            if self.highest is None or value > self.highest:  # type: ignore[operator]
                self.highest = value
        elif self.values is not None:
            self.values.add(str(value)[: LONGEST_REMEMBERED + 1])
            if len(self.values) > REMEMBERED_VALUES or len(str(value)) > LONGEST_REMEMBERED:
                self.values = None  # too many to be a list

    def _match(self, cells: Sequence[Cell], bad: dict[int, str]) -> None:
        import pyarrow as pa  # a crawler holds its pages to contracts too, and few have patterns
        import pyarrow.compute as pc

        places = [i for i, cell in enumerate(cells) if i not in bad and not self._is_missing(cell)]
        texts = pa.array([str(cells[i]).strip() for i in places], pa.string())
        fits = pc.match_substring_regex(texts, pattern=f"^(?:{self.rule.pattern})$")
        for place, fit in zip(places, fits.to_pylist(), strict=True):
            if not fit:
                bad[place] = f"column {self.rule.name}: {show(cells[place])} does not match the pattern"


def show(cell: Cell) -> str:
    """The cell as a reason quotes it: short, and fit for any store."""
    text = str(cell).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return repr(text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…")


def _read_number(cell: Cell) -> Value:
    number = parse_number(cell)
    if number is None:
        raise ValueError("is not a number")
    return number


def _read_integer(cell: Cell) -> Value:
    number = _read_number(cell)
    if isinstance(number, float) and not number.is_integer():
        raise ValueError("is not a whole number")
    return number


def _read_boolean(cell: Cell) -> Value:
    text = str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip().lower()
    if text not in BOOLEANS:
        raise ValueError("is neither true nor false")
    return text


def _read_text(cell: Cell) -> Value:
    text = str(cell).strip()
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("holds bytes that are not valid in the file's encoding") from None
    return text


@lru_cache(maxsize=1 << 14)
def _parse_date(text: str) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()
    except ValueError:
        pass
    for pattern in DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern).isoformat()
        except ValueError:
            continue
    raise ValueError("is not a date")


def _read_date(cell: Cell) -> Value:
    return _parse_date(str(cell).strip()[:64])


READERS: dict[str, Callable[[Cell], Value]] = {
    "number": _read_number,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "date": _read_date,
    "category": _read_text,
    "text": _read_text,
    "image": _read_text,
}


def _read_bound(bound: float | str | None, read: Callable[[Cell], Value]) -> Value | None:
    return None if bound is None else read(bound)
