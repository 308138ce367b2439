"""A value of a database as an import knows it: nothing, text or a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import orjson

Cell = str | int | float | None


def plain(value: object) -> Cell:
    """Text or number; a truth value is "true" or "false", a time its ISO text, a list or object its JSON."""
    if value is None or type(value) is str or type(value) is int:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal):
        return None if value.is_nan() else int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _write_span(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, (Mapping, list, tuple)):
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS).decode()
    return str(value)


def _write_span(span: timedelta) -> str:
    """Hours, minutes and seconds, "-01:30:00" or "49:00:00.5", as databases write a TIME or an interval."""
    micros = abs(span) // timedelta(microseconds=1)
    seconds, rest = divmod(micros, 1_000_000)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    return (
        f"{'-' if span < timedelta() else ''}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
    )


def measure(cells: Sequence[Cell]) -> int:
    """About how many bytes a row takes."""
    try:
        return sum(map(len, cells))  # type: ignore[arg-type]
    except TypeError:  # not all of it is text
        return sum(len(cell) if isinstance(cell, (str, bytes)) else 8 for cell in cells)
