"""Where regions are, and which of two people's regions are the same thing: the matching that agreement uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.annotations.agreement_report import KINDS
from lifecycle.annotations.merging.model import Drawn, Entry
from lifecycle.annotations.region_agreement import ANY_OVERLAP, SAME_SHAPE, Region, measure_overlap, read_regions
from lifecycle.contracts.label_interface.values import GEOMETRY

_NOWHERE = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Placed:
    """A region with its place: what `measure_overlap` compares, a box around it, and its geometry word for word.

    Of a mask only the part with paint on it is kept: `crop`, and `size` of the whole picture.
    """

    drawn: Drawn
    word: str
    region: Region | None
    box: tuple[float, float, float, float]  # left, top, right, bottom; not numbers where it has no place
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
    return Placed(drawn, word, region, _surround(region))


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
    boxes = np.array([one.box for one in second])
    by_word: dict[str, list[int]] = {}
    for place, one in enumerate(second):
        by_word.setdefault(one.word, []).append(place)
    for place, one in enumerate(first):
        left, top, right, bottom = one.box
        near = (boxes[:, 0] <= right) & (boxes[:, 2] >= left) & (boxes[:, 1] <= bottom) & (boxes[:, 3] >= top)
        same = by_word.get(one.word, [])
        yield from ((place, other, 1.0) for other in same)
        for other in np.flatnonzero(near).tolist():
            if other not in same and (overlap := _measure(one, second[other])) >= least:
                yield place, other, overlap


def _measure(one: Placed, other: Placed) -> float:
    if one.crop is not None and other.crop is not None:
        return _overlap_crops(one, other) if one.size == other.size else 0.0
    return measure_overlap(one.region, other.region) if one.region and other.region else 0.0


def _crop(drawn: Drawn, word: str, mask: NDArray[np.bool_]) -> Placed:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return Placed(drawn, word, None, _NOWHERE)
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Placed(drawn, word, None, (left, top, right, bottom), mask[top:bottom, left:right].copy(), mask.shape)


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
