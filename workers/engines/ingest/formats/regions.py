"""Shapes and spans as label files give them, and the Label Studio results that are kept of them.

Label Studio measures pictures in percent of their sides and texts in characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

CONTROL = "label"  # contracts.label_config names the one control and the one object so
OBJECT = "item"
NOTHING = "(nothing)"  # the label of an item that was looked at and has no region
MAX_SUMMARY_CHARS = 200
MAX_NAME_CHARS = 200
LEAST_PERCENT = 1e-6
WHOLE = 100.0


class Shape(NamedTuple):
    """`points` are x, y pairs: two corners of a box, the corners of a polygon, or one point.

    They count in units of `scale`: (100, 100) for percent, (1, 1) for fractions, the picture's size for pixels, and
    None where the label file counts in pixels and does not say how large it thinks the picture is.
    """

    kind: str  # box | polygon | keypoint
    label: str
    points: tuple[tuple[float, float], ...]
    scale: tuple[float, float] | None = None
    rotation: float = 0.0


class Span(NamedTuple):
    """Characters `start` to `end` (not included) of a text."""

    label: str
    start: int
    end: int


class Damage(ValueError):
    """One shape or span cannot be kept; the message says why."""


def build_shapes(shapes: Iterable[Shape], width: int, height: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Label Studio results of shapes on a picture of this size, and a sentence for each shape that was left out."""
    results: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, shape in enumerate(shapes, start=1):
        try:
            value = _build_value(shape, shape.scale or (width, height))
        except Damage as damage:
            problems.append(f"{shape.kind} {number} ({shape.label[:40]}) {damage}")
            continue
        kind = {"box": "rectanglelabels", "polygon": "polygonlabels", "keypoint": "keypointlabels"}[shape.kind]
        results.append({
            "id": f"r{len(results) + 1}", "from_name": CONTROL, "to_name": OBJECT, "type": kind,
            "original_width": width, "original_height": height, "image_rotation": 0,
            "value": value | {kind: [shape.label]},
        })  # fmt: skip
    return results, problems


def build_spans(spans: Iterable[Span], text: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Label Studio results of spans in `text`, and a sentence for each span that was left out."""
    results: list[dict[str, Any]] = []
    problems: list[str] = []
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            problems.append(f"span {span.start}–{span.end} ({span.label[:40]}) lies outside the text")
            continue
        value = {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
        results.append({
            "id": f"r{len(results) + 1}", "from_name": CONTROL, "to_name": OBJECT, "type": "labels", "value": value,
        })  # fmt: skip
    return results, problems


def list_names(results: Sequence[dict[str, Any]]) -> list[str]:
    """The class names in results, each once, in alphabetical order."""
    return sorted({name for result in results for name in result["value"].get(result["type"], ())})


def summarize(results: Sequence[dict[str, Any]]) -> str:
    """The classes that occur, as the one label an item shows in lists."""
    text = ", ".join(list_names(results))
    return NOTHING if not text else text if len(text) <= MAX_SUMMARY_CHARS else text[: MAX_SUMMARY_CHARS - 1] + "…"


def clean_name(name: object) -> str:
    """A class name as it may be stored; Damage when there is nothing left of it."""
    if not isinstance(name, (str, int, float)):  # also keeps nested YAML aliases from unfolding
        raise Damage("has no class name")
    text = "".join(c if c.isprintable() else " " for c in str(name)[: MAX_NAME_CHARS * 2]).strip()[:MAX_NAME_CHARS]
    if not text:
        raise Damage("has no class name")
    return text


def _build_value(shape: Shape, scale: tuple[float, float]) -> dict[str, Any]:
    if not all(math.isfinite(number) for point in shape.points for number in point):
        raise Damage("has coordinates that are no numbers")
    if not all(math.isfinite(side) and side > 0 for side in scale):
        raise Damage("belongs to a picture without a size")
    points = [(x / scale[0] * WHOLE, y / scale[1] * WHOLE) for x, y in shape.points]
    if shape.kind == "box":
        return _build_box(points, shape.rotation)
    if all(not _is_inside(point) for point in points):
        raise Damage("lies outside the picture")
    clipped = [(_clip(x), _clip(y)) for x, y in points]
    if shape.kind == "keypoint":
        return {"x": clipped[0][0], "y": clipped[0][1], "width": 0.75}
    if len(clipped) < 3:
        raise Damage("has fewer than three corners")
    return {"points": [list(point) for point in clipped], "closed": True}


def _build_box(points: Sequence[tuple[float, float]], rotation: float) -> dict[str, Any]:
    (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(*points, strict=True))
    if not rotation:  # a turned box is kept as it is: its corners are elsewhere
        x0, x1, y0, y1 = _clip(x0), _clip(x1), _clip(y0), _clip(y1)
    if x1 - x0 < LEAST_PERCENT or y1 - y0 < LEAST_PERCENT:
        raise Damage("lies outside the picture or has no area")
    return {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0, "rotation": rotation}


def _is_inside(point: tuple[float, float]) -> bool:
    return all(0 <= number <= WHOLE for number in point)


def _clip(number: float) -> float:
    return min(max(number, 0.0), WHOLE)
