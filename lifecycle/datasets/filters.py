"""Which items a person wants to see, as the URL says it; knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

SORTS = ("new", "old", "label", "size", "date", "-date")  # date: the moment an item is of
COLUMN_PREFIX = "col."
RANGE_PREFIX = "range."
RANGE_MARK = ".."  # range.length=10..20, at least 10 and below 20; either end may be left open
ITEM_RANGES = ("length", "width", "height", "aspect", "bytes", "label", "time", "date")  # besides col.<name>
FACT_RANGES = ("words", "brightness", "contrast", "sharpness", "channels")  # what a profile measured
FACTS = ("damaged", "corrupt")
EXCLUDED_CHOICES = ("no", "yes", "all")
LABELED_CHOICES = ("", "yes", "no")
MAX_QUERY_CHARS = 200
BIGINT = 1 << 63


@dataclass(frozen=True)
class ItemFilters:
    """Empty means: no condition. `columns` are (name, value) pairs of a table's features, `ranges` (name, low, high)
    with the name of a column as col.<name>.

    What `asks_exploration` is answered by exploration.selectors.gallery: tags, findings, facts that profiles measured.
    """

    label: str = ""
    names: str = ""  # a class that the label names, alone or among others
    labeled: str = ""  # yes | no
    dated: str = ""  # yes | no: whether it is known what moment it is of
    split: str = ""
    collection: int = 0
    selection: int = 0  # items somebody chose on the map
    excluded: str = "no"  # no | yes | all
    q: str = ""
    group: str = ""
    missing: str = ""  # a column without a value
    tag: str = ""
    finding: str = ""  # contracts.profile.FindingKind
    language: str = ""  # ISO 639-1
    fact: str = ""  # of FACTS
    sort: str = "new"  # of SORTS, or col.<name> and -col.<name>
    columns: tuple[tuple[str, str], ...] = ()
    ranges: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> ItemFilters:
        """Nonsense in a URL is no error: what cannot be read is left out."""
        text = {
            f.name: query.get(f.name, "").replace("\0", "")[:MAX_QUERY_CHARS] for f in fields(cls) if f.type == "str"
        }
        sort = text["sort"]
        if sort not in SORTS and not sort.removeprefix("-").startswith(COLUMN_PREFIX):
            text["sort"] = "new"
        if text["excluded"] not in EXCLUDED_CHOICES:
            text["excluded"] = "no"
        for name in ("labeled", "dated"):
            text[name] = text[name] if text[name] in LABELED_CHOICES else ""
        numbers = {name: _read_id(query.get(name, "")) for name in ("collection", "selection")}
        columns = tuple(
            (key.removeprefix(COLUMN_PREFIX), query[key].replace("\0", "")[:MAX_QUERY_CHARS])
            for key in query
            if key.startswith(COLUMN_PREFIX) and query[key] != "" and "\0" not in key
        )
        return cls(columns=columns, ranges=_read_ranges(query), **numbers, **text)  # type: ignore[arg-type]

    def to_query(self, **changes: object) -> str:
        """The same filters as a query string, with some changed; what is as usual is left out."""
        wanted = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        usual = ItemFilters()
        pairs = [
            (f.name, str(getattr(wanted, f.name)))
            for f in fields(self)
            if f.name not in ("columns", "ranges") and getattr(wanted, f.name) != getattr(usual, f.name)
        ]
        pairs += [(COLUMN_PREFIX + name, value) for name, value in wanted.columns]
        pairs += [(RANGE_PREFIX + name, f"{low}{RANGE_MARK}{high}") for name, low, high in wanted.ranges]
        return urlencode(pairs)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order is chosen."""
        return replace(self, sort="new") != ItemFilters()

    @property
    def needs_scan(self) -> bool:
        """Whether no index answers this, so that exact counts cost a look at every item."""
        return bool(
            self.q
            or self.dated
            or self.names
            or self.columns
            or self.group
            or self.ranges
            or self.missing
            or self.asks_exploration
        )

    @property
    def asks_exploration(self) -> bool:
        """Whether a condition is about what only the exploration room knows."""
        has_fact_range = any(name in FACT_RANGES for name, _, _ in self.ranges)
        return bool(self.tag or self.finding or self.language or self.fact or has_fact_range)


def _read_ranges(query: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    found = []
    for key in query:
        name = key.removeprefix(RANGE_PREFIX)
        text = query[key].replace("\0", "")[:MAX_QUERY_CHARS]
        is_known = name in ITEM_RANGES + FACT_RANGES or name.startswith(COLUMN_PREFIX)
        if key.startswith(RANGE_PREFIX) and is_known and RANGE_MARK in text and "\0" not in key:
            low, _, high = text.partition(RANGE_MARK)
            is_readable = (
                name.startswith(COLUMN_PREFIX) or name in ("time", "date") or (_is_bound(low) and _is_bound(high))
            )
            if (low or high) and is_readable:
                found.append((name, low.strip(), high.strip()))
    return tuple(found)


def read_number(text: str) -> float | None:
    """A finite number; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def _is_bound(text: str) -> bool:
    return not text.strip() or read_number(text) is not None


def _read_id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text[:20]) < BIGINT else 0
