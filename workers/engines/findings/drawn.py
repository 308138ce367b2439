"""The regions behind labels, out of their results: what they name and where they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.engines.findings.loading import Items

DRAWN_TYPES = {
    "labels", "hypertextlabels", "rectanglelabels", "polygonlabels", "ellipselabels", "keypointlabels", "brushlabels",
    "paragraphlabels", "timeserieslabels",
}  # fmt: skip
WHOLE = 100.0  # percent
SIDE = 1000  # pixels, of a picture that does not say its size
SHOWN_CHARS = 40


@dataclass(frozen=True)
class Region:
    """`box` is what it reaches over in pixels (left, top, right, bottom), of shapes and boxes that are not turned;
    `span` the characters from, up to, of plain texts."""

    names: tuple[str, ...]
    box: tuple[float, float, float, float] | None = None
    span: tuple[int, int] | None = None
    text: str = ""  # what a span says that it marks

    @property
    def name(self) -> str:
        return self.names[0]


@dataclass(frozen=True)
class Drawn:
    """The regions of every labeled item by its place, of the question that most of them answer."""

    regions: Mapping[int, tuple[Region, ...]]

    @property
    def count(self) -> int:
        return sum(len(mine) for mine in self.regions.values())


@dataclass(frozen=True)
class Doubt:
    """What may be wrong with one region of the item at `place`. `score` is in 0..1."""

    place: int
    score: float
    reason: str
    is_likely: bool = True


def read_drawn(items: Items) -> Drawn | None:
    """None where no label has regions. An item in which somebody marked nothing has none of them, but counts."""
    results = {
        n: json.loads(result) for n, result in enumerate(items.results) if result and items.labels[n] is not None
    }
    entries = {n: [one for one in result if one.get("type") in DRAWN_TYPES] for n, result in results.items()}
    asked = Counter(one.get("from_name") for mine in entries.values() for one in mine)
    if not asked:
        return None
    main = asked.most_common(1)[0][0]
    return Drawn({n: tuple(_read(one) for one in mine if one.get("from_name") == main) for n, mine in entries.items()})


def _read(entry: Mapping[str, Any]) -> Region:
    value = entry["value"]
    names = tuple(value.get(entry["type"]) or ("region",))
    if type(value.get("start")) is int and type(value.get("end")) is int and entry["type"] == "labels":
        return Region(names, span=(value["start"], value["end"]), text=value.get("text") or "")
    return Region(names, box=_read_box(entry["type"], value, entry))


def _read_box(
    kind: str, value: Mapping[str, Any], entry: Mapping[str, Any]
) -> tuple[float, float, float, float] | None:
    if value.get("rotation"):
        return None
    if kind == "rectanglelabels":
        left, top = value["x"], value["y"]
        corners = [(left, top), (left + value["width"], top + value["height"])]
    elif kind == "ellipselabels":
        x, y, across, down = (value[name] for name in ("x", "y", "radiusX", "radiusY"))
        corners = [(x - across, y - down), (x + across, y + down)]
    elif kind == "polygonlabels":
        corners = value["points"]
    else:
        return None
    xs, ys = zip(*corners, strict=True)
    across = (entry.get("original_width") or SIDE) / WHOLE
    down = (entry.get("original_height") or SIDE) / WHOLE
    return (min(xs) * across, min(ys) * down, max(xs) * across, max(ys) * down)


def cut(text: str) -> str:
    """A name or a stretch of a text, short enough for a reason."""
    clean = " ".join(text.split())
    return clean if len(clean) <= SHOWN_CHARS else clean[: SHOWN_CHARS - 1] + "…"
