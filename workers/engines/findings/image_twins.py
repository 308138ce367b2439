"""Pictures that are copies of others: resized, recompressed, cropped, brightened.

Candidates come from perceptual hashes (DCT signs, Zauner 2010) of the whole picture and of windows of it: a cropped
copy looks as a whole like some window of its original. Each candidate is then laid over its original at many sizes;
only what correlates counts, so that a likeness of hashes alone accuses nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from workers.engines.findings.twins import Pair

THUMBNAIL = 64  # longest side of what is laid over
HASHED_FROM = 128  # longest side of what windows are cut from
HASHED = 32
WINDOWS = ((0.92, 2), (0.84, 3), (0.76, 4), (0.68, 5), (0.6, 5))  # (share of the sides, windows a side)
MAX_DISTANCE = 14  # of 63 bits
MAX_CANDIDATES = 6  # per picture
LEAST_CORRELATION = 0.93
TINY = 64  # pixels; smaller pictures are compared as a whole only, and more strictly: there is little to tell them by
LEAST_TINY = 0.98
MAX_COMPARED = 20  # pairs per picture on average, nearest first
LEAST_DETAIL = 0.7  # correlation of what is left without the large shapes
FLAT = 4.0  # gray levels of deviation below which a picture has nothing to compare
COARSE = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6)
FINER = (-0.06, -0.04, -0.02, 0.02, 0.04, 0.06)
WORTH_REFINING = 0.75
CHUNK = 512


@dataclass(frozen=True)
class Print:
    """What a picture is recognized by."""

    thumbnail: np.ndarray  # uint8 [h, w]
    whole: int
    windows: tuple[int, ...]
    is_tiny: bool = False


def compute_print(gray: np.ndarray) -> Print | None:
    """From a gray picture [h, w]; None for one that is (nearly) of one gray."""
    if gray.std() < FLAT or min(gray.shape) < 8:
        return None
    if max(gray.shape) <= TINY:
        return Print(gray, compute_hash(gray), (), is_tiny=True)
    base = _fit(gray, HASHED_FROM) if max(gray.shape) > HASHED_FROM else gray
    return Print(_fit(gray, THUMBNAIL), compute_hash(base), tuple(compute_hash(window) for window in _cut(base)))


def _fit(gray: np.ndarray, side: int) -> np.ndarray:
    height, width = gray.shape
    scale = side / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _cut(gray: np.ndarray) -> list[np.ndarray]:
    height, width = gray.shape
    found = []
    for share, steps in WINDOWS:
        h, w = round(height * share), round(width * share)
        for y in np.linspace(0, height - h, steps).round().astype(int):
            for x in np.linspace(0, width - w, steps).round().astype(int):
                found.append(gray[y : y + h, x : x + w])
    return found


def compute_hash(gray: np.ndarray) -> int:
    """63 signs of the lowest frequencies around their median."""
    small = cv2.resize(gray, (HASHED, HASHED), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = np.asarray(cv2.dct(small), dtype=np.float32)[:8, :8].ravel()[1:]
    bits = low > np.median(low)
    return int(np.packbits(np.append(bits, False)).view(">u8")[0])


def find_copies(prints: Sequence[Print | None], check: Callable[[], None]) -> list[Pair]:
    """Pairs of which one is a copy of the other. `check` is called now and then and may raise."""
    places = [place for place, one in enumerate(prints) if one is not None]
    known: list[Print] = [prints[place] for place in places]  # type: ignore[misc]
    if len(known) < 2:
        return []
    pairs = []
    for a, b in _find_candidates(known, check):
        correlation, how = compare(known[a], known[b])
        if correlation > 0:
            pairs.append(Pair(places[a], places[b], correlation, how))
    return pairs


def _find_candidates(prints: Sequence[Print], check: Callable[[], None]) -> list[tuple[int, int]]:
    """(a, b), a < b: the whole of one within MAX_DISTANCE bits of the whole or a window of the other."""
    wholes = np.array([one.whole for one in prints], dtype=np.uint64)
    width = max(len(one.windows) for one in prints)
    padded = [(one.whole, *(one.windows or (one.whole,) * width)) for one in prints]
    views = np.array(padded, dtype=np.uint64)  # [n, windows + 1]
    nearest: dict[tuple[int, int], int] = {}
    for start in range(0, len(prints), CHUNK):
        check()
        block = wholes[start : start + CHUNK]
        best = np.full((len(block), len(prints)), 64, dtype=np.uint8)
        for column in range(views.shape[1]):
            np.minimum(best, np.bitwise_count(block[:, None] ^ views[None, :, column]), out=best)
        best[np.arange(len(block)), start + np.arange(len(block))] = 64
        for row, candidate in zip(*np.nonzero(best <= MAX_DISTANCE), strict=True):
            key = tuple(sorted((start + int(row), int(candidate))))
            nearest[key] = min(nearest.get(key, 64), int(best[row, candidate]))  # type: ignore[index,arg-type]
    return _keep_nearest(nearest, len(prints))


def _keep_nearest(nearest: dict[tuple[int, int], int], count: int) -> list[tuple[int, int]]:
    used: dict[int, int] = {}
    kept: list[tuple[int, int]] = []
    for (a, b), _ in sorted(nearest.items(), key=lambda pair: (pair[1], pair[0])):
        if len(kept) >= MAX_COMPARED * count:
            break
        if used.get(a, 0) < MAX_CANDIDATES or used.get(b, 0) < MAX_CANDIDATES:
            kept.append((a, b))
            used[a], used[b] = used.get(a, 0) + 1, used.get(b, 0) + 1
    return kept


def compare(a: Print, b: Print) -> tuple[float, str]:
    """(correlation, how) of the best way to lay one over the other; 0 where they do not agree."""
    least = LEAST_TINY if a.is_tiny or b.is_tiny else LEAST_CORRELATION
    whole = _correlate_whole(a.thumbnail, b.thumbnail)
    if whole >= least:
        return whole, f"{whole:.0%} the same picture"
    if a.is_tiny or b.is_tiny:
        return 0.0, ""
    found = max(_correlate_crop(a.thumbnail, b.thumbnail), _correlate_crop(b.thumbnail, a.thumbnail))
    return found, f"{found:.0%} the same picture, cropped,"


def _correlate_whole(a: np.ndarray, b: np.ndarray) -> float:
    size = (a.shape[1], a.shape[0])
    other = cv2.resize(b, size, interpolation=cv2.INTER_AREA)
    return _agree(a, other)


def _correlate_crop(picture: np.ndarray, part: np.ndarray) -> float:
    """`part` laid into `picture` at sizes that grow finer, wherever it fits best."""
    fit = min(picture.shape[0] / part.shape[0], picture.shape[1] / part.shape[1])
    best = max((_lay(picture, part, fit, scale) for scale in COARSE), key=lambda laid: laid[0])
    if best[0] < WORTH_REFINING:
        return 0.0
    finer = [best[1] + step for step in FINER if best[1] + step <= 1]
    best = max([best, *(_lay(picture, part, fit, scale) for scale in finer)], key=lambda laid: laid[0])
    if best[0] < LEAST_CORRELATION:
        return 0.0
    _, _, (x, y), patch = best
    return _agree(picture[y : y + patch.shape[0], x : x + patch.shape[1]], patch)


def _lay(picture: np.ndarray, part: np.ndarray, fit: float, scale: float) -> tuple[float, float, tuple, np.ndarray]:
    """(correlation, scale, place, part at that scale) of the best place."""
    size = (round(part.shape[1] * fit * scale), round(part.shape[0] * fit * scale))
    if min(size) < 12:
        return -1.0, scale, (0, 0), part
    template = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    if template.std() < FLAT:
        return -1.0, scale, (0, 0), template
    _, value, _, place = cv2.minMaxLoc(cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED))
    return value, scale, (place[0], place[1]), template


def _agree(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r of the grays; 0 where the details (what a blur takes away) do not go together."""
    overall = _pearson(a, b)
    if overall < LEAST_CORRELATION:
        return 0.0
    detail = _pearson(
        a.astype(np.float32) - cv2.GaussianBlur(a, (0, 0), 3), b.astype(np.float32) - cv2.GaussianBlur(b, (0, 0), 3)
    )
    return overall if detail >= LEAST_DETAIL else 0.0


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    x, y = x - x.mean(), y - y.mean()
    spread = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / spread) if spread > 0 else 0.0
