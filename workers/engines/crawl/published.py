"""When a page says that it was published, and when a server says that a picture was made. The time of the crawl is
neither; nor is a date that merely stands in a text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from lifecycle.contracts import event_times
from workers.engines.crawl.rights import MAX_JSON_CHARS, walk_json

FIRST_SITE = 1_991
_METAS = {
    name: f"meta {name}" for name in (
        "article:published_time", "og:published_time", "datepublished", "date.published", "publishdate", "pubdate",
        "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date", "citation_publication_date", "date",
    )
}  # fmt: skip


def find_published(tree: Any) -> dict[str, Any]:
    """{"event_time", "event_time_origin"} by what was written for machines; {} where nothing was."""
    for cell, origin in _list_said(tree):
        if said := event_times.say(cell.strip(), origin):
            return said
    return {}


def read_last_modified(header: str) -> dict[str, Any]:
    """The same by the header Last-Modified."""
    try:
        moment = event_times.settle(parsedate_to_datetime(header), earliest_year=FIRST_SITE)
    except (TypeError, ValueError, IndexError, OverflowError):
        return {}
    return {"event_time": moment, "event_time_origin": "Last-Modified"} if moment else {}


def _list_said(tree: Any) -> Iterator[tuple[str, str]]:
    """(text, where it stands), the surest first."""
    metas: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower()
        metas.setdefault(name, element.get("content") or "")
    yield from ((metas[name], _METAS[name]) for name in list(_METAS)[:2] if name in metas)
    yield from _read_json(tree)
    yield from ((metas[name], _METAS[name]) for name in list(_METAS)[2:] if name in metas)
    yield from _read_elements(tree)


def _read_json(tree: Any) -> Iterator[tuple[str, str]]:
    for element in tree.iter("script"):
        text = element.text or ""
        is_data = (element.get("type") or "").strip().lower() == "application/ld+json"
        if not is_data or "datePublished" not in text or len(text) > MAX_JSON_CHARS:
            continue
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for node in walk_json(parsed):
            if isinstance(node.get("datePublished"), str):
                yield node["datePublished"], "JSON-LD datePublished"


def _read_elements(tree: Any) -> Iterator[tuple[str, str]]:
    """An element that is marked as the date of publication, else the only one there is: of several nobody knows which
    is the page's."""
    found = [element for element in tree.iter("time") if (element.get("datetime") or "").strip()]
    marked = [
        element for element in found
        if element.get("pubdate") is not None or "datepublished" in (element.get("itemprop") or "").lower()
    ]  # fmt: skip
    moments = {element.get("datetime").strip() for element in marked or found}
    if len(moments) == 1 or marked:
        yield (marked or found)[0].get("datetime"), "time datetime"
