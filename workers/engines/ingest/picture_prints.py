"""What a picture is known by when it was cropped: hashes of it and of windows of it, and a small gray copy.

A cropped copy looks as a whole like some window of its original. The hash of a view is the signs of its lowest
frequencies (DCT, Zauner 2010); views whose hashes are near are candidates only: whoever joins two pictures lays one
over the other (picture_likeness). Stored in `datasets.PicturePrint`. No OpenCV here: a crawler starts this.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.engines.ingest.fingerprints import flatten

THUMBNAIL = 64  # longest side of what is laid over
HASHED_FROM = 128  # longest side of what windows are cut from
HASHED = 32
FREQUENCIES = 8
WINDOWS = ((0.92, 2), (0.84, 3), (0.76, 4), (0.68, 5), (0.6, 5))  # (share of the sides, windows a side)
VIEWS = 1 + sum(steps**2 for _, steps in WINDOWS)
MAX_DISTANCE = 14  # of 63 bits
TINY = 64  # pixels of the longest side; smaller pictures have too little to tell windows by
LEAST_SIDE = 8
FLAT = 4.0  # gray levels of deviation below which a picture has nothing to compare
ROWS_AT_ONCE, KNOWN_AT_ONCE = 64, 2_048  # what fits into a core's own cache
ORIENTATION_TAG = 0x0112
_TURNS = dict(zip(range(2, 9), (
    Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90,
), strict=True))  # fmt: skip

Views = NDArray[np.uint64]  # [pictures, VIEWS], the whole picture first


@dataclass(frozen=True)
class Print:
    """What a picture is recognized by. A tiny one has no windows: all its views are the whole."""

    thumbnail: NDArray[np.uint8]  # [h, w]
    views: Views  # [VIEWS]
    is_tiny: bool = False


def compute_print(gray: Image.Image) -> Print | None:
    """From a gray picture; None for one that is (nearly) of one gray."""
    pixels = np.asarray(gray)
    if pixels.std() < FLAT or min(gray.size) < LEAST_SIDE:
        return None
    if max(gray.size) <= TINY:
        return Print(pixels, np.repeat(_hash(gray, [(0, 0, *gray.size)]), VIEWS), is_tiny=True)
    base = _fit(gray, HASHED_FROM) if max(gray.size) > HASHED_FROM else gray
    return Print(np.asarray(_fit(gray, THUMBNAIL)), _hash(base, _list_boxes(*base.size)))


def pack_print(image: Image.Image) -> bytes:
    """The print of a decoded picture as it is stored: views, then height, width and pixels of the thumbnail. Empty
    where there is nothing to compare: the picture is tiny, or of one gray."""
    if max(image.size) <= TINY or min(image.size) < LEAST_SIDE:
        return b""
    gray = flatten(image)
    turn = _TURNS.get(image.getexif().get(ORIENTATION_TAG, 1))
    found = compute_print(gray if turn is None else gray.transpose(turn))
    if found is None or found.is_tiny:
        return b""
    return found.views.astype("<u8").tobytes() + bytes(found.thumbnail.shape) + found.thumbnail.tobytes()


def unpack_thumbnail(packed: bytes) -> NDArray[np.uint8]:
    """[h, w] of what follows the views in a packed print."""
    height, width = packed[:2]
    return np.frombuffer(packed, np.uint8, offset=2).reshape(height, width)


def find_candidates(
    new: Views, known: Views, check: Callable[[], None] = lambda: None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """(place in `new`, place in `known`, bits) of all pairs where the whole of one is within MAX_DISTANCE bits of the
    whole or a window of the other. `check` is called now and then and may raise."""
    found = []
    new_views, known_views = (np.ascontiguousarray(views.T) for views in (new, known))
    for start in range(0, len(known), KNOWN_AT_ONCE):
        check()
        theirs = known_views[:, start : start + KNOWN_AT_ONCE]
        for row in range(0, len(new), ROWS_AT_ONCE):
            mine = new_views[:, row : row + ROWS_AT_ONCE]
            bits = _compare(mine, theirs)
            a, b = np.nonzero(bits <= MAX_DISTANCE)
            found.append((a + row, b + start, bits[a, b]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8)
    rows, places, distances = zip(*found, strict=True)
    return np.concatenate(rows), np.concatenate(places), np.concatenate(distances)


def _compare(mine: Views, theirs: Views) -> NDArray[np.uint8]:
    """[rows, known], the bits that differ at best; both come as [VIEWS, pictures]."""
    best = np.bitwise_count(mine[0][:, None] ^ theirs[0][None, :])
    for view in range(1, len(mine)):
        np.minimum(best, np.bitwise_count(mine[0][:, None] ^ theirs[view][None, :]), out=best)
        np.minimum(best, np.bitwise_count(mine[view][:, None] ^ theirs[0][None, :]), out=best)
    return best


def _fit(gray: Image.Image, side: int) -> Image.Image:
    scale = side / max(gray.size)
    size = (max(LEAST_SIDE, round(gray.width * scale)), max(LEAST_SIDE, round(gray.height * scale)))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return gray.resize(size, how)


@cache
def _list_boxes(width: int, height: int) -> list[tuple[float, float, float, float]]:
    """(left, upper, right, lower) of the whole and of its windows."""
    boxes = [(0.0, 0.0, float(width), float(height))]
    for share, steps in WINDOWS:
        w, h = width * share, height * share
        for y in np.linspace(0, height - h, steps).tolist():
            boxes += [(x, y, x + w, y + h) for x in np.linspace(0, width - w, steps).tolist()]
    return boxes


def _hash(gray: Image.Image, boxes: list) -> Views:
    """Of each view 63 signs of the lowest frequencies around their median."""
    views = [np.asarray(gray.resize((HASHED, HASHED), Image.Resampling.BOX, box=box)) for box in boxes]
    cosines = _list_cosines()
    low = (cosines @ np.stack(views).astype(np.float32) @ cosines.T).reshape(len(boxes), -1)[:, 1:]
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(np.pad(bits, ((0, 0), (0, 1))), axis=1).view(">u8").astype(np.uint64).ravel()


@cache
def _list_cosines() -> NDArray[np.float32]:
    """The first rows of the orthonormal DCT of HASHED values."""
    steps = (2 * np.arange(HASHED) + 1) * math.pi / (2 * HASHED)
    rows = np.cos(np.arange(FREQUENCIES)[:, None] * steps[None, :]) * math.sqrt(2 / HASHED)
    rows[0] /= math.sqrt(2)
    return rows.astype(np.float32)
