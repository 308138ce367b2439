"""Shapes on pictures in pixels. Label Studio measures in percent of the sides and turns boxes about their upper left
corner, ellipses about their middle, clockwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lifecycle.contracts.label_exports import BOXES, BRUSHES, ELLIPSES, POINTS, POLYGONS, SHAPES

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom
CORNERS_OF_ELLIPSE = 64


class Shape(NamedTuple):
    """One region with its class; `id` and `control` as the result has them."""

    kind: str  # box | polygon | ellipse | point | brush
    label: str
    value: Mapping[str, Any]
    id: str
    control: str


KINDS = {
    **dict.fromkeys(BOXES, "box"),
    **dict.fromkeys(POLYGONS, "polygon"),
    **dict.fromkeys(ELLIPSES, "ellipse"),
    **dict.fromkeys(POINTS, "point"),
    **dict.fromkeys(BRUSHES, "brush"),
}


def list_shapes(result: Sequence[Mapping[str, Any]]) -> Iterator[Shape]:
    """The shapes of a result, each with its first class; `<Rectangle>` with `<Labels>` gives it in another entry."""
    others: dict[Any, str] = {}
    for entry in result:
        names = (entry.get("value") or {}).get("labels")
        if entry.get("type") == "labels" and names:
            others[entry.get("id")] = str(names[0])
    for entry in result:
        kind = entry.get("type")
        if kind not in SHAPES:
            continue
        names = entry["value"].get(kind)
        label = str(names[0]) if isinstance(names, list) and names else others.get(entry.get("id"), "")
        if label:
            yield Shape(
                KINDS[kind], label, entry["value"], str(entry.get("id") or ""), str(entry.get("from_name") or "")
            )


def is_turned(shape: Shape) -> bool:
    return bool(shape.value.get("rotation"))


def find_outline(shape: Shape, width: int, height: int) -> list[Point]:
    """The corners in pixels of a box, a polygon or an ellipse."""
    value = shape.value
    if shape.kind == "polygon":
        return [(x * width / 100, y * height / 100) for x, y in value["points"]]
    x, y = value["x"] * width / 100, value["y"] * height / 100
    angle = math.radians(value.get("rotation") or 0)
    if shape.kind == "box":
        across, down = value["width"] * width / 100, value["height"] * height / 100
        steps = [(0.0, 0.0), (across, 0.0), (across, down), (0.0, down)]
    else:
        a, b = value["radiusX"] * width / 100, value["radiusY"] * height / 100
        turns = [2 * math.pi * n / CORNERS_OF_ELLIPSE for n in range(CORNERS_OF_ELLIPSE)]
        steps = [(a * math.cos(turn), b * math.sin(turn)) for turn in turns]
    cos, sin = math.cos(angle), math.sin(angle)
    return [(x + dx * cos - dy * sin, y + dx * sin + dy * cos) for dx, dy in steps]


def find_hull(outline: Sequence[Point], width: int, height: int) -> Box:
    """The upright box around an outline, inside the picture."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    return max(min(xs), 0.0), max(min(ys), 0.0), min(max(xs), float(width)), min(max(ys), float(height))


def measure_area(outline: Sequence[Point]) -> float:
    """By the shoelace formula."""
    ends = zip(outline, [*outline[1:], outline[0]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in ends)) / 2
