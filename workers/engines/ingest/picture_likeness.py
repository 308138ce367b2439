"""How well one picture lies over another, of which it may be a copy or a part: at many sizes, and only what correlates
counts. Beside picture_prints, since this needs OpenCV and a crawler starts without it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from workers.engines.ingest.picture_prints import FLAT, Print, unpack_thumbnail

LEAST_CORRELATION = 0.93
LEAST_ALIGNED = 0.9  # of a part that was laid over to fractions of a pixel
LEAST_TINY = 0.98  # of two tiny pictures, which are compared as a whole only: there is little to tell them by
LEAST_HALVED = 40  # pixels of the shorter side: at half of it the smallest part still shows something
LEAST_PART = 24  # pixels of the shorter side of a tiny picture that is looked for within a larger one
LEAST_DETAIL = 0.7  # correlation of what is left without the large shapes
COARSE = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6)
FINER = (-0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06)
WORTH_REFINING, WORTH_ALIGNING = 0.75, 0.8
MOST_TRIED = 400_000  # pixels of all places of a template
ALIGNING = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
MOST_STRETCHED, MOST_MOVED = 0.06, 3.0  # of its size; pixels


def compare_thumbnails(a: bytes, b: bytes) -> float:
    """How well one stored picture lies over the other (picture_prints); 0 where they do not agree."""
    first, second = (Print(unpack_thumbnail(packed), np.empty(0, np.uint64)) for packed in (a, b))
    return compare(first, second)[0]


def compare(a: Print, b: Print) -> tuple[float, str]:
    """(correlation, how) of the best way to lay one over the other; 0 where they do not agree."""
    is_strict = _is_strict(a, b)
    whole = _correlate_whole(a.thumbnail, b.thumbnail)
    if whole >= (LEAST_TINY if is_strict else LEAST_CORRELATION):
        return whole, f"{whole:.0%} the same picture"
    if is_strict:
        return 0.0, ""
    pairs = ((picture, part) for picture, part in ((a, b), (b, a)) if not picture.is_tiny)
    found = max(_correlate_crop(picture.thumbnail, part.thumbnail) for picture, part in pairs)
    return found, f"{found:.0%} the same picture, cropped,"


def _is_strict(a: Print, b: Print) -> bool:
    tiny = [one for one in (a, b) if one.is_tiny]
    return len(tiny) == 2 or any(min(one.thumbnail.shape) < LEAST_PART for one in tiny)


def _correlate_whole(a: np.ndarray, b: np.ndarray) -> float:
    small, large = sorted((a, b), key=lambda picture: picture.size)
    return _agree(small, cv2.resize(large, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA))


def _correlate_crop(picture: np.ndarray, part: np.ndarray) -> float:
    """`part` laid into `picture` at sizes that grow finer, wherever it fits best; first at half the size, which tells
    nearly all that do not belong together and costs an eighth."""
    is_halved = min(*picture.shape, *part.shape) >= LEAST_HALVED
    small, small_part = (_halve(picture), _halve(part)) if is_halved else (picture, part)
    best = max((_lay(small, small_part, scale) for scale in COARSE), key=lambda laid: laid[0])
    if best[0] < WORTH_REFINING:
        return 0.0
    finer = [best[1] + step for step in FINER if best[1] + step <= 1]
    value, _, place, patch = max((_lay(picture, part, scale) for scale in finer), key=lambda laid: laid[0])
    return _agree(_align(picture, patch, place), patch, LEAST_ALIGNED) if value >= WORTH_ALIGNING else 0.0


def _align(picture: np.ndarray, patch: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """What lies under `patch` once it is moved and stretched by fractions of a pixel (ECC, Evangelidis & Psarakis
    2008): fine texture does not go together otherwise."""
    start = np.array([[1, 0, place[0]], [0, 1, place[1]]], np.float32)
    everywhere = np.full(picture.shape, 255, np.uint8)
    try:
        _, warp = cv2.findTransformECC(patch, picture, start.copy(), cv2.MOTION_AFFINE, ALIGNING, everywhere, 3)
        found = np.asarray(warp, np.float32)
    except cv2.error:  # it found no way to lay one over the other
        found = start
    if np.abs(found - start)[:, :2].max() > MOST_STRETCHED or np.abs(found - start)[:, 2].max() > MOST_MOVED:
        found = start
    size = (patch.shape[1], patch.shape[0])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, found, size, flags=how, borderMode=cv2.BORDER_REPLICATE)


def _halve(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _lay(picture: np.ndarray, part: np.ndarray, scale: float) -> tuple[float, float, tuple, np.ndarray]:
    """(correlation, scale, place, part at that scale) of the best place; at scale 1 it is as large as will fit."""
    fit = min(picture.shape[0] / part.shape[0], picture.shape[1] / part.shape[1]) * scale
    size = (min(round(part.shape[1] * fit), picture.shape[1]), min(round(part.shape[0] * fit), picture.shape[0]))
    if min(size) < 12:
        return -1.0, scale, (0, 0), part
    template = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    if template.std() < FLAT:
        return -1.0, scale, (0, 0), template
    value, place = find_best(picture, template)
    return value, scale, place, template


def find_best(picture: np.ndarray, template: np.ndarray) -> tuple[float, tuple[int, int]]:
    """(Pearson's r, (x, y)) of the place in `picture` that goes best with `template`. Where there are few places they
    are tried one by one, in one product: OpenCV goes through the frequencies also for these, at ten times the price."""
    height, width = template.shape
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    if rows * columns * template.size > MOST_TRIED:
        _, value, _, place = cv2.minMaxLoc(cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED))
        return value, (place[0], place[1])
    centered = picture.astype(np.float32) - np.float32(picture.mean())
    windows = sliding_window_view(centered, template.shape).reshape(rows * columns, template.size)
    wanted = template.ravel() - np.float32(template.mean())
    sums = windows.sum(axis=1)
    spread = np.einsum("ij,ij->i", windows, windows) - sums * sums / template.size
    is_flat = spread < template.size  # a gray level of deviation: nothing to correlate with
    values = np.where(is_flat, 0, windows @ wanted / np.sqrt(np.where(is_flat, 1, spread) * (wanted @ wanted)))
    best = int(values.argmax())
    return float(values[best]), (best % columns, best // columns)


def _agree(a: np.ndarray, b: np.ndarray, least: float = LEAST_CORRELATION) -> float:
    """Pearson's r of the grays; 0 where the details (what a blur takes away) do not go together."""
    overall = _pearson(a, b)
    if overall < least:
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
