"""Moments as people write them into tables: one way of reading for splits by time, profiles and searches.

A column has one order of day and month: "03/04/2024" alone does not say which, its neighbors do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice

ISO = "iso"
DAY_FIRST = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y", "%d-%m-%Y %H:%M")
MONTH_FIRST = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m-%d-%Y", "%m-%d-%Y %H:%M")
PLAIN = ("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
LONGEST = 64  # characters; no moment is longer
SAMPLE = 2_000  # different cells that settle how a column is read


def choose_formats(cells: Iterable[object]) -> tuple[str, ...]:
    """The formats by which a column is read, the commonest first: ISO 8601, those that mean one thing only, and of day
    or month first what reads more of the cells; the day where both read as many. Looks at the first SAMPLE."""
    texts = islice(dict.fromkeys(str(cell).strip() for cell in cells if cell is not None), SAMPLE)
    unclear = [text for text in texts if read_moment(text, (ISO,)) is None]
    month, day = (sum(read_moment(text, some) is not None for text in unclear) for some in (MONTH_FIRST, DAY_FIRST))
    known = (*PLAIN, *(MONTH_FIRST if month > day else DAY_FIRST))
    hits = {name: sum(read_moment(text, (name,)) is not None for text in unclear) for name in known}
    return (ISO, *sorted(known, key=lambda name: -hits[name]))


def read_moment(cell: object, formats: Sequence[str]) -> float | None:
    """Seconds since 1970 in UTC, also for what names no zone; None for what is no moment by any of `formats`."""
    moment = parse_moment(cell, formats)
    return None if moment is None else moment.timestamp()


def parse_moment(cell: object, formats: Sequence[str]) -> datetime | None:
    """In UTC, also what names no zone; None for what is no moment by any of `formats`."""
    text = "" if cell is None else str(cell).strip()
    if not 8 <= len(text) <= LONGEST:
        return None
    for pattern in formats:
        try:
            moment = datetime.fromisoformat(text) if pattern == ISO else datetime.strptime(text, pattern)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
