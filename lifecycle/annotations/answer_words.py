"""An answer in a few words, for lists and headings; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifecycle.contracts.label_interface import NOTHING
from lifecycle.contracts.label_interface.tags import CONTROLS

_REGIONS = {
    "rectanglelabels": ("box", "boxes"),
    "polygonlabels": ("polygon", "polygons"),
    "ellipselabels": ("ellipse", "ellipses"),
    "keypointlabels": ("key point", "key points"),
    "brushlabels": ("mask", "masks"),
    "labels": ("span", "spans"),  # of a text or a sound
    "hypertextlabels": ("span", "spans"),
    "paragraphlabels": ("span", "spans"),
    "timeserieslabels": ("stretch", "stretches"),
}
_KEYS = {rule.type: rule.key for rule in CONTROLS.values() if not rule.draws and rule.type != "relation"}


def describe_answer(value: str | None, result: Sequence[Any]) -> str:
    """What the main control says; where that is nothing, what the other controls say: “1 mask: cat; rating 4”."""
    if value is not None and value != NOTHING:
        return value
    entries = [entry for entry in result if isinstance(entry, Mapping) and isinstance(entry.get("value"), Mapping)]
    return "; ".join([*_count_regions(entries), *_list_said(entries)]) or NOTHING


def say(value: Any) -> str:
    """One control's own part of an entry, as text."""
    if isinstance(value, list):
        return ", ".join(" / ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _count_regions(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """“2 boxes: car, dog”, in the order of their first regions; each label once."""
    counts: dict[tuple[str, str], int] = {}
    labels: dict[tuple[str, str], dict[str, None]] = {}
    for entry in entries:
        nouns = _REGIONS.get(str(entry.get("type")))
        if nouns:
            counts[nouns] = counts.get(nouns, 0) + 1
            names = entry["value"].get(entry["type"])
            labels.setdefault(nouns, {}).update(dict.fromkeys(map(str, names)) if isinstance(names, list) else {})
    for nouns, count in counts.items():
        words = f"{count} {nouns[count != 1]}"
        yield f"{words}: {', '.join(labels[nouns])}" if labels[nouns] else words


def _list_said(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is said of the whole item; what is said of a region repeats the region's place."""
    regions = {entry.get("id") for entry in entries if entry.get("type") in _REGIONS}
    for entry in entries:
        key = _KEYS.get(str(entry.get("type")))
        if key and key in entry["value"] and not (entry.get("id") and entry["id"] in regions):
            yield f"{entry.get('from_name')} {say(entry['value'][key])}"
