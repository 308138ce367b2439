"""What a saved view keeps of an address, for each page that has views; knows no database."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode

from lifecycle.common.errors import DomainError
from lifecycle.datasets.filters import ItemFilters
from lifecycle.exploration import rules

MAX_QUERY_CHARS = 20_000
MAX_VALUE_CHARS = 200
COLUMN_ORDERS = {
    "": "As in the data",
    "name": "By name",
    "missing": "Most missing",
    "telling": "Tells most of the label",
}
COLUMN_KINDS = ("number", "category", "date", "text")


def clean_query(page: str, query: str) -> str:
    """Only what this page understands, in its own order. Raises DomainError for a page without views, and for a list of
    findings that there is not."""
    if page not in _CLEANERS:
        raise DomainError(f"Views are of one of these pages: {', '.join(_CLEANERS)}.")
    asked = dict(parse_qsl(query.lstrip("?")[:MAX_QUERY_CHARS]))
    return _CLEANERS[page]({name: value.replace("\0", "") for name, value in asked.items()})


def read_place(text: str) -> tuple[float, float, float] | None:
    """(x, y, zoom) of a map, written "x,y,zoom"; None for anything else."""
    try:
        x, y, zoom = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (x, y, zoom) if all(map(math.isfinite, (x, y, zoom))) and zoom > 0 else None


def _clean_items(asked: Mapping[str, str]) -> str:
    return ItemFilters.from_query(asked).to_query()


def _clean_findings(asked: Mapping[str, str]) -> str:
    """The list is named like the gallery's filter by it."""
    kind = rules.check_kind(asked.get("finding", ""))
    return ItemFilters.from_query({**asked, "finding": kind.value}).to_query()


def _clean_map(asked: Mapping[str, str]) -> str:
    numbers = {name: asked[name] for name in ("map", "selection") if _is_id(asked.get(name, ""))}
    color = {"color": asked["color"][:MAX_VALUE_CHARS]} if asked.get("color") else {}
    place = {"at": asked["at"]} if read_place(asked.get("at", "")) else {}
    return urlencode(numbers | color | place)


def _clean_profile(asked: Mapping[str, str]) -> str:
    version = {"version": asked["version"]} if _is_id(asked.get("version", "")) else {}
    words = {"q": asked["q"][:MAX_VALUE_CHARS]} if asked.get("q") else {}
    kind = {"kind": asked["kind"]} if asked.get("kind") in COLUMN_KINDS else {}
    order = {"order": asked["order"]} if asked.get("order") and asked["order"] in COLUMN_ORDERS else {}
    return urlencode(version | words | kind | order)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


_CLEANERS: dict[str, Callable[[Mapping[str, str]], str]] = {  # as models.SavedView.Page
    "items": _clean_items,
    "map": _clean_map,
    "findings": _clean_findings,
    "profile": _clean_profile,
}
