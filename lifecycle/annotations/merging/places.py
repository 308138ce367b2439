"""Where regions are, and which of two people's regions are the same thing: the matching that agreement uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.annotations.agreement_report import KINDS
from lifecycle.annotations.merging.model import Drawn, Entry
from lifecycle.annotations.region_agreement import (
    ANY_OVERLAP,
    SAME_SHAPE,
    Region,
    compute_shared_area,
    measure_overlap,
    read_regions,
)
from lifecycle.contracts.label_interface.values import GEOMETRY

_NOWHERE = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Placed:
    """A region with its place: what `measure_overlap` compares, a box around it, and its geometry word for word.

    `area` is not a number where it has none (points, and what has no place); `is_box`: it fills the box around it. Of a
    mask only the part with paint on it is kept: `crop`, and `size` of the whole picture.
    """

    drawn: Drawn
    word: str
    region: Region | None
    box: tuple[float, float, float, float]  # left, top, right, bottom; not numbers where it has no place
    area: float = np.nan
    is_box: bool = False
    crop: NDArray[np.bool_] | None = None
    size: tuple[int, ...] = ()


def find_place(drawn: Drawn) -> Placed:
    """The place of a region, by the entry of the first control that labels it."""
    entry = drawn.main
    word = json.dumps([[name, entry["value"][name]] for name in GEOMETRY if name in entry["value"]], sort_keys=True)
    region = next(iter(read_regions([entry])), None)
    if region is None:
        return Placed(drawn, word, None, _NOWHERE)
    if region.mask is not None:
        return _crop(drawn, word, region.mask)
    box = _surround(region)
    whole = (box[2] - box[0]) * (box[3] - box[1])
    if region.interval or (entry["type"] == "rectanglelabels" and not entry["value"].get("rotation")):
        return Placed(drawn, word, region, box, whole, is_box=True)
    return Placed(drawn, word, region, box, _find_area(region, entry["type"]))


def _find_area(region: Region, type: str) -> float:
    """Of an outline: by Gauss's formula where it cannot cross itself."""
    if region.outline is None:
        return np.nan
    if type == "polygonlabels":
        return compute_shared_area(region.outline, region.outline)
    (x, y), (next_x, next_y) = region.outline.T, np.roll(region.outline, -1, axis=0).T
    return abs(float((x * next_y - next_x * y).sum())) / 2


def name_kind(entry: Entry) -> tuple[str, str, str]:
    """What regions must share to be compared: the control, the object, the channel of a sound or picture of a list."""
    return entry["from_name"], entry["to_name"], f"{entry['value'].get('channel')} {entry.get('item_index')}"


def find_least(entry: Entry) -> float:
    """The overlap from which two regions are the same thing: half for shapes, any for stretches of text and time."""
    return ANY_OVERLAP if KINDS.get(entry["type"]) == "spans" else SAME_SHAPE


def list_matches(first: Sequence[Placed], second: Sequence[Placed], least: float) -> Iterator[tuple[int, int, float]]:
    """(place in `first`, place in `second`, overlap) of all pairs that are the same thing."""
    if not first or not second:
        return
    boxes, areas = np.array([one.box for one in second]), np.array([one.area for one in second])
    is_box = np.array([one.is_box for one in second])
    by_word: dict[str, list[int]] = {}
    for place, one in enumerate(second):
        by_word.setdefault(one.word, []).append(place)
    for place, one in enumerate(first):
        same = by_word.get(one.word, [])
        yield from ((place, other, 1.0) for other in same)
        for other, bound in _list_near(one, boxes, areas, least):
            if other in same:
                continue
            overlap = bound if one.is_box and is_box[other] else _measure(one, second[other])
            if overlap >= least:
                yield place, other, overlap


def _list_near(
    one: Placed, boxes: NDArray[np.float64], areas: NDArray[np.float64], least: float
) -> Iterator[tuple[int, float]]:
    """(place, the most that the overlap can be) of those whose surrounding boxes allow a match: two regions share no
    more than these boxes do, and no more than the smaller one. Of two regions that are boxes it is the overlap."""
    left, top, right, bottom = one.box
    across = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left)
    down = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top)
    meets = (across >= 0) & (down >= 0)  # false where there is no place
    shared = np.minimum(np.where(meets, across * down, 0.0), np.minimum(areas, one.area))
    together = areas + one.area - shared
    bound = np.divide(shared, together, out=np.ones_like(shared), where=together > 0)  # 1 where nobody can say
    for other in np.flatnonzero(meets & (bound >= least)).tolist():
        yield other, float(bound[other])


def _measure(one: Placed, other: Placed) -> float:
    if one.crop is not None and other.crop is not None:
        return _overlap_crops(one, other) if one.size == other.size else 0.0
    if one.region is None or other.region is None:
        return 0.0
    if one.region.outline is None or other.region.outline is None:
        return measure_overlap(one.region, other.region)
    shared = compute_shared_area(one.region.outline, other.region.outline)
    together = one.area + other.area - shared
    return shared / together if together > 0 else 0.0


def _crop(drawn: Drawn, word: str, mask: NDArray[np.bool_]) -> Placed:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return Placed(drawn, word, None, _NOWHERE)
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Placed(drawn, word, None, (left, top, right, bottom), float(mask.sum()), False,
                  mask[top:bottom, left:right].copy(), mask.shape)  # fmt: skip


def _overlap_crops(one: Placed, other: Placed) -> float:
    """Intersection over union of two masks of one picture."""
    assert one.crop is not None and other.crop is not None  # both are masks
    left, top = (int(max(one.box[side], other.box[side])) for side in (0, 1))
    right, bottom = (int(min(one.box[side], other.box[side])) for side in (2, 3))
    if right <= left or bottom <= top:
        return 0.0
    parts = [
        placed.crop[top - int(placed.box[1]) : bottom - int(placed.box[1]),
                    left - int(placed.box[0]) : right - int(placed.box[0])]
        for placed in (one, other) if placed.crop is not None
    ]  # fmt: skip
    shared = int(np.count_nonzero(parts[0] & parts[1]))
    return shared / (int(np.count_nonzero(one.crop)) + int(np.count_nonzero(other.crop)) - shared)


def _surround(region: Region) -> tuple[float, float, float, float]:
    if region.outline is not None:
        (left, top), (right, bottom) = region.outline.min(axis=0), region.outline.max(axis=0)
        return float(left), float(top), float(right), float(bottom)
    if region.point:
        x, y, reach = region.point
        return x - reach, y - reach, x + reach, y + reach  # two that are near enough have boxes that meet
    if region.interval:
        return region.interval[0], 0.0, region.interval[1], 1.0
    return _NOWHERE
