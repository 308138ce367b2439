"""Regions of label files as Label Studio results of one project's controls."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.label_imports import Found
from lifecycle.contracts.label_interface import Control, Interface
from workers.engines.labels_export import brush, contours

TYPES = {"box": "rectanglelabels", "turned box": "rectanglelabels", "polygon": "polygonlabels",
         "ellipse": "ellipselabels", "point": "keypointlabels", "brush": "brushlabels"}  # fmt: skip
INSTEAD = {"box": ("polygon",), "turned box": ("polygon",), "polygon": ("brush", "box"), "ellipse": ("polygon", "box"),
           "brush": ("polygon", "box")}  # fmt: skip
Point = tuple[float, float]
THINNEST = 1e-6  # percent of a side; what is thinner is the rounding of something flat


def build_result(
    interface: Interface, found: Iterable[Found], width: int, height: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """(entries in the configuration's names, a sentence for each region that was left out)."""
    entries: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, region in enumerate(found, start=1):
        try:
            kind, control, label = choose_control(interface, region)
            value = _build_value(region, kind, width, height)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            problems.append(f"{region.kind} {number} ({region.label[:40]}): {error}")
            continue
        entries.append({
            "id": f"r{number}", "from_name": control.name, "to_name": control.to[0], "type": control.type,
            "original_width": width, "original_height": height, "image_rotation": 0,
            "value": value | {control.type: [label]},
        })  # fmt: skip
    return interface.swap_names(entries), problems


def choose_control(interface: Interface, region: Found) -> tuple[str, Control, str]:
    """(what it becomes, the control that asks for it, the label as that control writes it)."""
    for kind in (region.kind, *INSTEAD.get(region.kind, ())):
        fitting = [one for one in interface.controls if one.type == TYPES[kind]]
        named = [one for one in fitting if region.control in (one.name, interface.given_controls.get(one.name))]
        for control in [*named, *fitting]:
            label = find_label(control, region.label)
            if label is not None:
                return kind, control, label
    raise ValueError(f"the label schema asks for no {region.kind} called so")


def find_label(control: Control, name: str) -> str | None:
    """The control's label of this name, also where blanks became underscores on the way."""
    if name in control.values:
        return name
    plain = _plain(name)
    return next((label.value for label in control.labels if _plain(label.value) == plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", "_", name).strip("_")


def _build_value(region: Found, kind: str, width: int, height: int) -> dict[str, Any]:
    if region.value and kind == region.kind:
        return dict(region.value)
    across, down = region.scale or (width, height)
    if not (across > 0 and down > 0):
        raise ValueError("its picture has no size")
    corners = _trace(region, round(across), round(down)) if region.kind == "brush" else region.points
    points = [(x / across * 100, y / down * 100) for x, y in corners]
    if not points or not all(math.isfinite(number) for point in points for number in point):
        raise ValueError("it has no coordinates that can be read")
    if kind == "point":
        return {"x": _clip(points[0][0]), "y": _clip(points[0][1]), "width": 0.75}
    if kind == "turned box":
        return _build_turned(points, width, height)
    if kind == "box":
        return _build_upright(points)
    if region.kind == "box":
        (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(*points, strict=True))
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    if len(points) < 3:
        raise ValueError("it has fewer than three corners")
    if kind == "brush":
        return _paint(points, width, height)
    return {"points": [[_clip(x), _clip(y)] for x, y in points], "closed": True}


def _build_upright(points: Sequence[Point]) -> dict[str, Any]:
    xs, ys = [_clip(x) for x, _ in points], [_clip(y) for _, y in points]
    left, top = min(xs), min(ys)
    if max(xs) - left < THINNEST or max(ys) - top < THINNEST:
        raise ValueError("it lies outside the picture or has no area")
    return {"x": left, "y": top, "width": max(xs) - left, "height": max(ys) - top, "rotation": 0}


def _paint(points: Sequence[Point], width: int, height: int) -> dict[str, Any]:
    if not 0 < width * height <= IngestLimits().image_pixels:
        raise ValueError("its picture has no size that can be painted on")
    mask = contours.fill([(x * width / 100, y * height / 100) for x, y in points], width, height)
    if not mask.any():
        raise ValueError("it covers no pixel")
    return {"format": "rle", "rle": brush.encode(mask)}


def _build_turned(points: Sequence[Point], width: int, height: int) -> dict[str, Any]:
    """From four corners, the upper left one of the box before it was turned first."""
    if len(points) != 4:
        raise ValueError("a turned box has four corners")
    (x0, y0), (x1, y1), (x2, y2), _ = [(x * width / 100, y * height / 100) for x, y in points]
    across, down = math.hypot(x1 - x0, y1 - y0), math.hypot(x2 - x1, y2 - y1)
    if not (across > 0 and down > 0 and width and height):
        raise ValueError("it has no area")
    angle = math.degrees(math.atan2(y1 - y0, x1 - x0)) % 360
    rotation = 0 if min(angle, 360 - angle) < 1e-6 else angle
    size = {"width": across / width * 100, "height": down / height * 100}
    return {"x": points[0][0], "y": points[0][1], **size, "rotation": rotation}


def _trace(region: Found, width: int, height: int) -> list[Point]:
    """The outline of a mask of this size, with few enough corners to be worked on."""
    if not region.value:
        raise ValueError("it has no mask that can be read")
    outline = contours.simplify(contours.trace(brush.decode(region.value["rle"], width, height)))
    if not outline:
        raise ValueError("nothing of it is painted")
    return outline


def _clip(number: float) -> float:
    return min(max(number, 0.0), 100.0)
