"""Which items a person wants to see, as the URL says it; knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

SORTS = ("new", "old", "label", "size")
COLUMN_PREFIX = "col."
EXCLUDED_CHOICES = ("no", "yes", "all")
LABELED_CHOICES = ("", "yes", "no")
MAX_QUERY_CHARS = 200
BIGINT = 1 << 63


@dataclass(frozen=True)
class ItemFilters:
    """Empty means: no condition. `columns` are (name, value) pairs of a table's features."""

    label: str = ""
    labeled: str = ""  # yes | no
    split: str = ""
    collection: int = 0
    selection: int = 0  # items somebody chose on the map
    excluded: str = "no"  # no | yes | all
    q: str = ""
    group: str = ""
    sort: str = "new"  # of SORTS, or col.<name> and -col.<name>
    columns: tuple[tuple[str, str], ...] = ()

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
        if text["labeled"] not in LABELED_CHOICES:
            text["labeled"] = ""
        numbers = {name: _read_id(query.get(name, "")) for name in ("collection", "selection")}
        columns = tuple(
            (key.removeprefix(COLUMN_PREFIX), query[key].replace("\0", "")[:MAX_QUERY_CHARS])
            for key in query
            if key.startswith(COLUMN_PREFIX) and query[key] != "" and "\0" not in key
        )
        return cls(**text, **numbers, columns=columns)

    def to_query(self, **changes: object) -> str:
        """The same filters as a query string, with some changed; what is as usual is left out."""
        wanted = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        usual = ItemFilters()
        pairs = [
            (f.name, str(getattr(wanted, f.name)))
            for f in fields(self)
            if f.name != "columns" and getattr(wanted, f.name) != getattr(usual, f.name)
        ]
        return urlencode(pairs + [(COLUMN_PREFIX + name, value) for name, value in wanted.columns])

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order is chosen."""
        return replace(self, sort="new") != ItemFilters()

    @property
    def needs_scan(self) -> bool:
        """Whether no index answers this, so that exact counts cost a look at every item."""
        return bool(self.q or self.columns or self.group)


def _read_id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text[:20]) < BIGINT else 0
