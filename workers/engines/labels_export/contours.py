"""Masks as outlines along the edges of their pixels, and outlines as masks: exact, both ways.

An outline walks around every part of a mask and every hole in it, one after the other, there and back on a line between
them, as YOLO's tools write an object of several parts. By the even-odd rule it is the very mask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np

Point = tuple[float, float]
MANY_CORNERS = 20_000  # of a mask: nearest ones are not looked for any more


def trace(mask: np.ndarray) -> list[Point]:
    """The outline of a (height, width) bool mask, in pixels; empty where nothing is painted."""
    loops = _find_loops(mask)
    if not loops:
        return []
    if sum(len(loop) for loop in loops) > MANY_CORNERS:  # noise: lines through it do no harm
        parts = [corners for loop in loops for corners in (loop, loop[:1], loops[0][:1])]
        return [(float(x), float(y)) for x, y in np.concatenate(parts).tolist()]
    joined = loops[0]
    for loop in loops[1:]:
        joined = _join(joined, loop)
    return [(float(x), float(y)) for x, y in joined.tolist()]


def simplify(outline: Sequence[Point], tolerance: float = 1.0) -> list[Point]:
    """An outline without the corners that lie within `tolerance` pixels of a line between others (Douglas and Peucker):
    steps along slanted edges go. What would be flat stays as it was.
    """
    if len(outline) <= 4:
        return list(outline)
    kept = cv2.approxPolyDP(np.asarray(outline, np.float32)[:, None, :], tolerance, True)[:, 0, :]
    return [(float(x), float(y)) for x, y in kept.tolist()] if len(kept) > 2 else list(outline)


def fill(outline: Sequence[Point], width: int, height: int) -> np.ndarray:
    """The (height, width) bool mask of the pixels whose middle is inside an outline, by the even-odd rule."""
    ends = np.asarray([*outline, outline[0]], float)
    turns = np.zeros((height, width + 1), np.uint8)
    for (x0, y0), (x1, y1) in zip(ends[:-1], ends[1:], strict=True):
        if y0 == y1:
            continue
        first, last = sorted((y0, y1))
        rows = np.arange(max(int(np.ceil(first - 0.5)), 0), min(int(np.ceil(last - 0.5)), height))
        crossings = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
        columns = np.clip(np.ceil(crossings - 0.5 - 1e-6), 0, width).astype(int)
        turns[rows, columns] ^= 1
    return np.bitwise_xor.accumulate(turns, axis=1)[:, :width].astype(bool)


def _find_loops(mask: np.ndarray) -> list[np.ndarray]:
    """Closed ways along the edges between painted and bare pixels, painted ones on the right; corners only."""
    padded = np.pad(np.asarray(mask, bool), 1)
    steps: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for is_down, (dy, dx) in ((False, (1, 0)), (True, (0, 1))):
        before, after = padded[: padded.shape[0] - dy, : padded.shape[1] - dx], padded[dy:, dx:]
        for starts, is_after in ((after & ~before, True), (before & ~after, False)):
            for y, x in np.argwhere(starts).tolist():
                a, b = ((x, y - 1), (x, y)) if is_down else ((x - 1, y), (x, y))
                start, end = (a, b) if is_after != is_down else (b, a)
                steps[start].append(end)
    loops = []
    while steps:
        loops.append(_walk(steps))
    return loops


def _walk(steps: dict[tuple[int, int], list[tuple[int, int]]]) -> np.ndarray:
    """Take one loop out of `steps`."""
    start = place = next(iter(steps))
    corners, heading = [], (0, 0)
    while True:
        onward = steps[place].pop()
        if not steps[place]:
            del steps[place]
        turned = (onward[0] - place[0], onward[1] - place[1])
        if turned != heading:
            corners.append(place)
        place, heading = onward, turned
        if place == start:
            return np.asarray(corners)


def _join(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Both ways in one, over the line between the corners that are nearest to each other."""
    best, at, to = np.inf, 0, 0
    for place, corner in enumerate(other):
        distances = ((one - corner) ** 2).sum(axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] < best:
            best, at, to = distances[nearest], nearest, place
    around = np.concatenate((other[to:], other[: to + 1]))
    return np.concatenate((one[: at + 1], around, one[at:]))
