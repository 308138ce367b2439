"""How far drawn answers agree: shapes and masks on pictures, spans of text, stretches of time; numpy only.

Regions are matched greedily by their overlap (intersection over union), whatever their class, so that what one person
calls otherwise is told from what they did not see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecycle.annotations.brush_masks import decode_mask

Points = NDArray[np.float64]
Scored = tuple[Any, ...]  # what decides, largest first; then the two places

SAME_SHAPE = 0.5  # overlap from which two shapes are taken for the same thing
EXACT = 1.0 - 1e-9
ANY_OVERLAP = 1e-12
MISSED = ""  # the class of what the other person did not mark
MAX_REGIONS = 500  # of one answer; what is beyond is not compared
_ELLIPSE_CORNERS = 64
_POINT_REACH = 0.02  # of the picture's diagonal: key points farther apart are different things


@dataclass(frozen=True)
class Region:
    """One marked thing. `outline` are corners in pixels, `interval` is (start, end), `mask` a boolean picture."""

    label: str
    outline: Points | None = None
    interval: tuple[float, float] | None = None
    mask: NDArray[np.bool_] | None = None
    point: tuple[float, float, float] | None = None  # x, y, how far off another may be
    id: str = ""  # of its entry, by which attributes and relations name it
    within: str = ""  # the element of a page that an interval counts from; "" for the whole


@dataclass
class Tally:
    """What pairs of answers had in common, summed up; `f1` is of things marked by both and called the same."""

    first: int = 0
    second: int = 0
    same: int = 0  # matched, and called the same
    matched: int = 0
    overlap: float = 0.0  # of those matched
    empty: int = 0  # answers of both without any region
    compared: int = 0
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def f1(self) -> float | None:
        if not self.first + self.second:
            return 1.0 if self.empty else None
        return 2 * self.same / (self.first + self.second)

    @property
    def mean_overlap(self) -> float | None:
        return self.overlap / self.matched if self.matched else None

    def add(self, other: Tally) -> None:
        for name in ("first", "second", "same", "matched", "overlap", "empty", "compared"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.cells.update(other.cells)


def compare(first: Sequence[Region], second: Sequence[Region], *, least: float = SAME_SHAPE) -> Tally:
    """One answer against another; things that overlap by `least` or more are taken for the same."""
    tally = Tally(len(first), len(second), compared=1, empty=int(not first and not second))
    free_first, free_second = set(range(len(first))), set(range(len(second)))
    for i, j, overlap in match(first, second, least=least):
        free_first.discard(i)
        free_second.discard(j)
        tally.matched += 1
        tally.same += first[i].label == second[j].label
        tally.overlap += overlap
        tally.cells[first[i].label, second[j].label] += 1
    for i in free_first:
        tally.cells[first[i].label, MISSED] += 1
    for j in free_second:
        tally.cells[MISSED, second[j].label] += 1
    return tally


def match(
    first: Sequence[Region], second: Sequence[Region], *, least: float = SAME_SHAPE
) -> list[tuple[int, int, float]]:
    """(place in `first`, place in `second`, overlap) of what is taken for the same thing, each region once: the largest
    overlaps first, of equals those that are called the same.
    """
    overlaps = [
        (overlap, a.label == b.label, -i, -j)
        for i, a in enumerate(first)
        for j, b in enumerate(second)
        if (overlap := measure_overlap(a, b)) >= least
    ]
    return [(-i, -j, overlap) for overlap, _, i, j in pair_off(overlaps)]


def pair_off(scored: Iterable[Scored]) -> Iterator[Scored]:
    """Of tuples (…, place in the first, place in the second) the largest first, each place once."""
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    for one in sorted(scored, reverse=True):
        if one[-2] not in taken_first and one[-1] not in taken_second:
            taken_first.add(one[-2])
            taken_second.add(one[-1])
            yield one


def measure_overlap(a: Region, b: Region) -> float:
    """Intersection over union; of key points, how near they are. Different kinds of regions do not overlap."""
    if a.interval and b.interval:
        if a.within != b.within:
            return 0.0
        shared = min(a.interval[1], b.interval[1]) - max(a.interval[0], b.interval[0])
        union = max(a.interval[1], b.interval[1]) - min(a.interval[0], b.interval[0])
        return 1.0 if a.interval == b.interval else max(shared, 0.0) / union if union > 0 else 0.0
    if a.outline is not None and b.outline is not None:
        return _overlap_outlines(a.outline, b.outline)
    if a.mask is not None and b.mask is not None and a.mask.shape == b.mask.shape:
        either = int(np.count_nonzero(a.mask | b.mask))
        return float(np.count_nonzero(a.mask & b.mask)) / either if either else 1.0
    if a.point and b.point:
        reach = max(a.point[2], b.point[2])
        apart = float(np.hypot(a.point[0] - b.point[0], a.point[1] - b.point[1]))
        return max(0.0, 1.0 - apart / (2 * reach)) if reach else float(apart == 0)
    return 0.0


def _overlap_outlines(a: Points, b: Points) -> float:
    low, high = np.maximum(a.min(axis=0), b.min(axis=0)), np.minimum(a.max(axis=0), b.max(axis=0))
    if np.any(high <= low):
        return 0.0
    shared = compute_shared_area(a, b)
    union = compute_shared_area(a, a) + compute_shared_area(b, b) - shared
    return shared / union if union > 0 else 0.0


def compute_shared_area(a: Points, b: Points) -> float:
    """The exact area inside both of two polygons, bent inward or crossing themselves as they may be (even-odd).

    Between two neighboring heights of corners or crossings nothing but straight lines happens, so that the shared
    width halfway up, times the height of the slab, is its area.
    """
    edges = [np.stack([outline, np.roll(outline, -1, axis=0)], axis=1) for outline in (a, b)]
    heights = np.unique(np.concatenate([a[:, 1], b[:, 1], _find_crossings(np.concatenate(edges))]))
    if len(heights) < 2:
        return 0.0
    middles = (heights[1:] + heights[:-1]) / 2
    sides = [_cross_edges(one, middles) for one in edges]
    at = np.concatenate(sides, axis=1)
    is_second = np.concatenate([np.zeros(sides[0].shape, bool), np.ones(sides[1].shape, bool)], axis=1)
    order = np.argsort(at, axis=1, kind="stable")
    at, is_second = np.take_along_axis(at, order, 1), np.take_along_axis(is_second, order, 1)
    is_inside = (np.cumsum(~is_second, axis=1) % 2 == 1) & (np.cumsum(is_second, axis=1) % 2 == 1)
    is_inside[:, :-1] &= np.isfinite(at[:, 1:])
    widths = np.where(np.isfinite(at), at, 0.0)
    steps = np.diff(widths, axis=1)
    return float((np.where(is_inside[:, :-1], steps, 0.0).sum(axis=1) * np.diff(heights)).sum())


def _cross_edges(edges: NDArray, heights: NDArray) -> NDArray:
    """(heights, edges): where each edge is at each height; infinite where it is not."""
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    y = heights[:, None]
    crosses = (y0 <= y) != (y1 <= y)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return np.where(crosses, x, np.inf)


def _find_crossings(edges: NDArray) -> NDArray:
    """The heights at which any two edges cross."""
    start, step = edges[:, 0], edges[:, 1] - edges[:, 0]
    apart = start[None, :] - start[:, None]
    turn = step[:, None, 0] * step[None, :, 1] - step[:, None, 1] * step[None, :, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (apart[..., 0] * step[None, :, 1] - apart[..., 1] * step[None, :, 0]) / turn
        u = (apart[..., 0] * step[:, None, 1] - apart[..., 1] * step[:, None, 0]) / turn
    meets = (turn != 0) & (t > 0) & (t < 1) & (u > 0) & (u < 1)
    rows, _ = np.nonzero(meets)
    return start[rows, 1] + t[meets] * step[rows, 1]


def read_regions(entries: Sequence[Mapping[str, Any]]) -> list[Region]:
    """Entries of one control, in Label Studio's format, as regions; those without a place are left out."""
    found = [_read_region(entry) for entry in entries[:MAX_REGIONS]]
    return [region for region in found if region is not None]


def _read_region(entry: Mapping[str, Any]) -> Region | None:
    value = entry.get("value")
    if not isinstance(value, Mapping):
        return None
    said = value.get(str(entry.get("type", "")))
    label = ", ".join(sorted(map(str, said))) if isinstance(said, list) else ""
    try:
        placed = _place(label, value, entry)
        return placed and replace(placed, id=str(entry.get("id") or ""))
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _place(label: str, value: Mapping[str, Any], entry: Mapping[str, Any]) -> Region | None:
    width, height = float(entry.get("original_width") or 100), float(entry.get("original_height") or 100)
    scale = np.array([width, height]) / 100
    if "rle" in value:
        return Region(label, mask=decode_mask(value["rle"], int(width), int(height)))
    if "points" in value:
        outline = np.array(value["points"], np.float64) * scale
        return Region(label, outline=outline) if outline.ndim == 2 and len(outline) >= 3 else None
    if "radiusX" in value:
        return Region(label, outline=_trace_ellipse(value, scale))
    if "height" in value:
        return Region(label, outline=_trace_box(value, scale))
    if "x" in value and "y" in value:
        reach = _POINT_REACH * float(np.hypot(width, height))
        return Region(label, point=(float(value["x"]) * scale[0], float(value["y"]) * scale[1], reach))
    within = _find_element(value)
    if within:
        return Region(label, interval=(float(value["startOffset"]), float(value["endOffset"])), within=within)
    return Region(label, interval=_read_interval(value))


def _trace_box(value: Mapping[str, Any], scale: NDArray) -> Points:
    """Corners in pixels; Label Studio turns a box about its top left corner, clockwise, in pixels."""
    x, y, width, height = (float(value[name]) for name in ("x", "y", "width", "height"))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) * scale
    return _turn(corners, float(value.get("rotation") or 0)) + np.array([x, y]) * scale


def _trace_ellipse(value: Mapping[str, Any], scale: NDArray) -> Points:
    angles = np.linspace(0, 2 * np.pi, _ELLIPSE_CORNERS, endpoint=False)
    radii = np.array([float(value["radiusX"]), float(value["radiusY"])]) * scale
    outline = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii
    return _turn(outline, float(value.get("rotation") or 0)) + np.array([value["x"], value["y"]], np.float64) * scale


def _turn(points: Points, degrees: float) -> Points:
    if not degrees:
        return points
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def _find_element(value: Mapping[str, Any]) -> str:
    """The paths of a span of HyperText that says its place by nothing else; "" for any other span."""
    start, end = value.get("start"), value.get("end")
    is_path = isinstance(start, str) and "/" in start and "startOffset" in value
    return f"{start} {end}" if is_path and not isinstance(value.get("globalOffsets"), Mapping) else ""


def _read_interval(value: Mapping[str, Any]) -> tuple[float, float]:
    """Offsets of a span, seconds of a sound or a date, or paragraphs and the offsets in them as one rising number."""
    offsets = value.get("globalOffsets")
    if isinstance(offsets, Mapping):
        return float(offsets["start"]), float(offsets["end"])
    start, end = _read_moment(value["start"]), _read_moment(value["end"])
    if "startOffset" in value:
        return start * 1e6 + float(value["startOffset"]), end * 1e6 + float(value["endOffset"])
    return start, end


def _read_moment(given: Any) -> float:
    """A number, or a date as time series have them."""
    try:
        return float(given)
    except ValueError:
        moment = datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
