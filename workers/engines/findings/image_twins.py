"""Pictures that are copies of others: resized, recompressed, cropped, brightened.

Candidates come from the hashes of engines.ingest.picture_prints, of the whole picture and of windows of it. Each
candidate is then laid over its original (engines.ingest.picture_likeness), so that a likeness of hashes alone accuses
nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from workers.engines.findings.twins import Pair
from workers.engines.ingest import picture_prints
from workers.engines.ingest.picture_likeness import compare
from workers.engines.ingest.picture_prints import Print

LIMITS = (
    "Pictures are near where one is a copy or a part of the other, down to 70 % of its sides. What shows little, such "
    "as plain sky or a wall, may be missed; two pictures up to 64 pixels are compared as a whole only."
)
MAX_CANDIDATES = 6  # per picture
MAX_COMPARED = 20  # pairs per picture on average, nearest first
CHUNK = 512


def compute_print(gray: np.ndarray) -> Print | None:
    """From a gray picture [h, w]; None for one that is (nearly) of one gray."""
    return picture_prints.compute_print(Image.fromarray(gray))


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
    """(a, b), a < b, whose hashes are near."""
    views = np.array([one.views for one in prints])
    nearest: dict[tuple[int, int], int] = {}
    for start in range(0, len(prints), CHUNK):
        end = min(start + CHUNK, len(prints))
        rows, places, bits = picture_prints.find_candidates(views[start:end], views[:end], check)
        is_earlier = places < rows + start
        pairs = zip(places[is_earlier].tolist(), (rows[is_earlier] + start).tolist(), strict=True)
        nearest.update(zip(pairs, bits[is_earlier].tolist(), strict=True))
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
