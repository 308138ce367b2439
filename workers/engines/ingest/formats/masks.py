"""COCO's run-length masks as polygons: a region that people can draw on, and that every layout knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workers.engines.ingest.formats.regions import Damage

MAX_PIXELS = 64_000_000
MAX_RUNS = 4_000_000
TOLERANCE = 0.75  # pixels a corner may be off the straight line and be left out: steps of single pixels go
LEAST_AREA = 4.0  # smaller islands are noise
Point = tuple[float, float]


def read_mask(segmentation: Mapping[str, Any]) -> list[tuple[Point, ...]]:
    """The outlines of a mask in pixels, one polygon an island, holes filled. Raises Damage."""
    try:
        height, width = (int(side) for side in segmentation["size"])
        counts = segmentation["counts"]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Damage("has a mask without a size") from None
    if not 0 < height * width <= MAX_PIXELS or min(height, width) < 1:
        raise Damage("has a mask of an impossible size")
    runs = read_runs(counts)
    if sum(runs) > height * width or min(runs, default=0) < 0:
        raise Damage("has a mask that does not fit its size")
    flat = np.zeros(height * width, bool)
    place = 0
    for number, run in enumerate(runs):  # the first run is of what is not in the mask
        if number % 2:
            flat[place : place + run] = True
        place += run
    outlines = [_simplify(loop) for loop in _trace(flat.reshape(width, height).T)]
    found = [loop for loop in outlines if len(loop) >= 3 and _measure(loop) >= LEAST_AREA]
    if not found:
        raise Damage("has an empty mask")
    return [tuple(loop) for loop in found]


def read_runs(counts: object) -> list[int]:
    """COCO's counts, packed as a string or not. Raises Damage."""
    return _unpack(counts) if isinstance(counts, str) else _check(counts)


def _check(counts: object) -> list[int]:
    if not isinstance(counts, list) or len(counts) > MAX_RUNS or not all(type(run) is int for run in counts):
        raise Damage("has a mask whose runs cannot be read")
    return counts


def _unpack(text: str) -> list[int]:
    """COCO's string form: five bits a character from “0” on, signed, from the third on the difference to the run
    before last (pycocotools, rleFrString)."""
    if len(text) > MAX_RUNS:
        raise Damage("has a mask whose runs cannot be read")
    runs: list[int] = []
    value = bits = 0
    for character in text:
        piece = ord(character) - 48
        if not 0 <= piece < 64 or bits > 60:
            raise Damage("has a mask whose runs cannot be read")
        value |= (piece & 0x1F) << bits
        bits += 5
        if not piece & 0x20:
            value |= -1 << bits if piece & 0x10 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = bits = 0
    return runs


def _trace(mask: np.ndarray) -> list[list[Point]]:
    """The outer loops of corners around the islands of a mask, along the edges of pixels, clockwise on screen."""
    padded = np.pad(mask, 1).astype(np.int8)
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    down, right = np.diff(padded, axis=0), np.diff(padded, axis=1)
    for changes, sign, (dx0, dy0, dx1, dy1) in (
        (down, 1, (-1, 0, 0, 0)), (down, -1, (0, 0, -1, 0)),  # upper edges go right, lower ones left
        (right, -1, (0, -1, 0, 0)), (right, 1, (0, 0, 0, -1)),  # right edges go down, left ones up
    ):  # fmt: skip
        rows, columns = np.nonzero(changes == sign)
        for x, y in zip(columns.tolist(), rows.tolist(), strict=True):
            after.setdefault((x + dx0, y + dy0), []).append((x + dx1, y + dy1))
    loops = []
    while after:
        loop = _follow(after)
        if _measure(loop) > 0:  # holes turn the other way
            loops.append(loop)
    return loops


def _follow(after: dict[tuple[int, int], list[tuple[int, int]]]) -> list[Point]:
    start = place = next(iter(after))
    loop: list[Point] = []
    while True:
        ends = after[place]
        following = ends.pop()
        if not ends:
            del after[place]
        loop.append((float(place[0]), float(place[1])))
        place = following
        if place == start:
            return loop


def _measure(loop: Sequence[Point]) -> float:
    """The area, negative where the loop turns counter-clockwise on screen."""
    x, y = np.asarray(loop).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _simplify(loop: Sequence[Point]) -> list[Point]:
    """Ramer, Douglas and Peucker's rule between the two corners that are farthest from the first and each other."""
    points = np.asarray(loop)
    far = int(np.argmax(((points - points[0]) ** 2).sum(1)))
    keep = {0, far}
    closed = np.vstack([points, points[:1]])
    waiting = [(0, far), (far, len(points))]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        line = closed[last] - closed[first]
        offsets = closed[first + 1 : last] - closed[first]
        length = float(np.hypot(*line)) or 1.0
        distances = np.abs(offsets[:, 0] * line[1] - offsets[:, 1] * line[0]) / length
        worst = int(np.argmax(distances))
        if distances[worst] > TOLERANCE:
            middle = first + 1 + worst
            keep.add(middle)
            waiting += [(first, middle), (middle, last)]
    return [loop[place] for place in sorted(keep)]
