"""What the labels of a version teach: a class, a number, several classes, boxes, spans; read once, as plain arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import LoaderError

CLASS, NUMBER, MULTI_HOT, BOXES, SPANS, TEXT = KINDS = ("class", "number", "multi_hot", "boxes", "spans", "text")
BY_LABEL_KIND = {"class": CLASS, "number": NUMBER, "regions": BOXES, "spans": SPANS}
NOTHING = "(nothing)"  # somebody looked and marked nothing
JOINT, CUT = ", ", "…"  # between the names of a label that names several, and at the end of one that is too long


def choose_kind(label_kind: str, labels: Sequence[str], classes: Sequence[str]) -> str:
    """What a target is, by what the project asks for; where that is anything, by the labels of the whole version."""
    if label_kind in BY_LABEL_KIND:
        return BY_LABEL_KIND[label_kind]
    if not classes:
        return NUMBER if labels and all(_is_number(label) for label in labels) else TEXT
    known = set(classes)
    if all(label in known for label in labels):
        return CLASS
    return MULTI_HOT


class NameReader:
    """Takes apart labels that name several classes. A name may itself contain the joint: of all ways the one with the
    fewest unknown names counts, and of these the one with the fewest, that is longest, names."""

    def __init__(self, classes: Sequence[str]):
        self.places = {name: place for place, name in enumerate(classes)}
        self._reach = 1 + max((name.count(JOINT) for name in classes), default=0)  # pieces of the longest

    def read(self, label: str) -> list[int]:
        """Places of the classes that a label names; names that are none of the classes are left out."""
        if label == NOTHING:
            return []
        pieces = label.removesuffix(CUT).split(JOINT)
        best: list[tuple[int, int, list[int]]] = [(0, 0, [])]  # unknown, names, places: of the last 0, 1, 2 … pieces
        for start in reversed(range(len(pieces))):
            ways = []
            for end in range(start + 1, min(start + self._reach, len(pieces)) + 1):
                place = self.places.get(JOINT.join(pieces[start:end]))
                if place is not None or end == start + 1:
                    unknown, count, rest = best[len(pieces) - end]
                    here = [] if place is None else [place]
                    ways.append((unknown + (place is None), count + 1, here + rest))
            best.append(min(ways, key=lambda way: way[:2]))
        return list(dict.fromkeys(best[-1][2]))


def read_multi_hot(labels: Sequence[str], results: Sequence[str | None], classes: Sequence[str]) -> np.ndarray:
    """float32 (n, classes): 1 for each class that an item's label names."""
    reader = NameReader(classes)
    hot = np.zeros((len(labels), len(classes)), dtype=np.float32)
    for row, (label, result) in enumerate(zip(labels, results, strict=True)):
        is_cut = label.endswith(CUT) and label not in reader.places
        found = _read_names(result, reader) if is_cut and result else reader.read(label)
        hot[row, found] = 1
    return hot


def _read_names(result: str, reader: NameReader) -> list[int]:
    """Of a label that is too long to be kept whole: every class that a region or a choice says."""
    said = [name for entry in json.loads(result) for name in _list_names(entry.get("value", {}))]
    return [reader.places[name] for name in said if name in reader.places]


def _list_names(value: dict[str, Any]) -> Iterator[str]:
    for key, names in value.items():
        if (key.endswith("labels") or key == "choices") and isinstance(names, list):
            yield from (name for name in names if isinstance(name, str))


def read_boxes(result: str | None, classes: dict[str, int], size: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """(boxes float32 (n, 4) as left, top, right, bottom, class ids int64 (n,)) in a picture of `size` (height, width).
    Polygons, ellipses and turned boxes are the upright boxes around them; points and brushes have none."""
    boxes, ids = [], []
    for entry in json.loads(result or "[]"):
        value = entry.get("value", {})
        outline = _outline(value, _ratio(entry, size))
        if outline is None:
            continue
        (height, width), (xs, ys) = size, zip(*outline, strict=True)
        box = [_clip(min(xs)) * width, _clip(min(ys)) * height, _clip(max(xs)) * width, _clip(max(ys)) * height]
        for name in _list_names(value):
            if name in classes:
                boxes.append(box)
                ids.append(classes[name])
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(ids, np.int64)


def _ratio(entry: dict[str, Any], size: tuple[float, float]) -> float:
    """Height by width of the picture that was labeled: a box is turned in pixels, not in percent."""
    height, width = entry.get("original_height"), entry.get("original_width")
    return height / width if height and width else size[0] / size[1]


def _outline(value: dict[str, Any], ratio: float) -> list[tuple[float, float]] | None:
    """Corners in percent of the sides; None for what has no extent."""
    if "points" in value:
        return [(x, y) for x, y in value["points"]] or None
    if "radiusX" in value:
        rx, ry, turn = value["radiusX"], value["radiusY"], math.radians(value.get("rotation") or 0)
        across = math.hypot(rx * math.cos(turn), ry * ratio * math.sin(turn))
        down = math.hypot(rx / ratio * math.sin(turn), ry * math.cos(turn))
        return [(value["x"] - across, value["y"] - down), (value["x"] + across, value["y"] + down)]
    if not {"x", "y", "width", "height"} <= value.keys():
        return None
    turn = math.radians(value.get("rotation") or 0)  # about the upper left corner, clockwise
    cos, sin, x, y, w, h = math.cos(turn), math.sin(turn), value["x"], value["y"], value["width"], value["height"]
    corners = ((0.0, 0.0), (w, 0.0), (w, h), (0.0, h))
    return [(x + a * cos - b * ratio * sin, y + a / ratio * sin + b * cos) for a, b in corners]


def read_spans(result: str | None, classes: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """(spans int64 (n, 2), class ids int64 (n,)) in order: characters of the text, the end not included."""
    found = []
    for entry in json.loads(result or "[]"):
        value = entry.get("value", {})
        if isinstance(value.get("start"), int) and isinstance(value.get("end"), int):
            found += [(value["start"], value["end"], classes[name]) for name in _list_names(value) if name in classes]
    table = np.array(sorted(found), np.int64).reshape(-1, 3)
    return table[:, :2], table[:, 2]


def check_kind(kind: str) -> str:
    """One of KINDS; LoaderError otherwise."""
    if kind not in KINDS:
        raise LoaderError(f"There is no target “{kind}”: {', '.join(KINDS)}.")
    return kind


def list_results(table: pa.Table) -> Sequence[str | None]:
    """The regions behind each label, as JSON; None where the label says it all."""
    return table["result"].to_pylist() if "result" in table.column_names else [None] * len(table)


def _clip(percent: float) -> float:
    return min(max(percent / 100, 0.0), 1.0)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
