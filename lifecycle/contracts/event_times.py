"""The moment an item is *of*: when a picture was taken, a text published, a row happened. Not when it came in.

A moment that cannot be is refused rather than guessed; one that names no zone is taken as UTC.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.contracts.moments import ISO, choose_formats, parse_moment

COLUMN = "event_time"  # of manifests and exports; a table's column of this name is the moment and no feature
NAMES = (
    COLUMN, "timestamp", "date", "datetime", "time", "date_time", "event_timestamp", "event_date", "published_at",
    "published", "date_published", "publication_date", "pub_date", "captured_at", "date_captured", "recorded_at",
    "taken_at", "created_at",
)  # fmt: skip
FILE_NAMES = (COLUMN, "date_captured", "captured_at", "taken_at", "published_at", "date_published")  # beside a file
EARLIEST_YEAR = 1_000
FIRST_PHOTOGRAPH = 1_826
AHEAD = timedelta(days=1)  # a clock in another zone that named none is no moment of the future
ORIGIN_CHARS = 200
SECONDS, MILLISECONDS = (1e8, 1e10), (1e11, 1e13)  # numbers that can only be counted from 1970 in these


def settle(moment: datetime | None, *, earliest_year: int = EARLIEST_YEAR) -> str | None:
    """ISO 8601 in UTC; None for what is before the earliest year or in the future."""
    if moment is None or moment.year < earliest_year:
        return None
    try:
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
    return utc.isoformat() if utc <= datetime.now(UTC) + AHEAD else None


def read(cell: object, formats: Sequence[str] = (ISO,), *, earliest_year: int = EARLIEST_YEAR) -> str | None:
    """ISO 8601 in UTC, of a cell by `moments.choose_formats` or of seconds or milliseconds since 1970; None for what is
    no moment or cannot be one."""
    number = _to_number(cell)
    if number is None:
        return settle(parse_moment(cell, formats), earliest_year=earliest_year)
    for (low, high), scale in ((SECONDS, 1), (MILLISECONDS, 1_000)):
        if low <= number < high:
            return settle(datetime.fromtimestamp(number / scale, UTC), earliest_year=earliest_year)
    return None


def _to_number(cell: object) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < MILLISECONDS[1] else math.inf  # whatever JSON holds
    text = str(cell).strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) in (9, 10, 12, 13) else None


def say(cell: object, origin: str) -> dict[str, Any]:
    """{"event_time", "event_time_origin"} of a moment that a file or page says of one item; {} where it cannot be."""
    formats = choose_formats([cell]) if isinstance(cell, str) else (ISO,)
    moment = None if cell is None or cell == "" else read(cell, formats)
    return {"event_time": moment, "event_time_origin": origin[:ORIGIN_CHARS]} if moment else {}


def say_of_task(values: Mapping[str, object]) -> dict[str, Any]:
    """What the data of a Label Studio task say, under a name that leaves no doubt."""
    name = next((name for name in FILE_NAMES if isinstance(values.get(name), str | int | float)), "")
    return say(values[name], f"Label Studio {name}") if name else {}
