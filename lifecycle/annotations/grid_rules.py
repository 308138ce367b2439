"""How items of a grid page are put in order: a path from neighbor to neighbor. Pure rules on plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def order_by_likeness(ids: Sequence[int], vectors: Mapping[int, Sequence[float]]) -> list[int]:
    """From the first id on always to the nearest one that is left; ids without a vector come last, as they were."""
    known = [one for one in ids if one in vectors]
    rest = [one for one in ids if one not in vectors]
    if len(known) < 3:
        return [*known, *rest]
    points = np.array([vectors[one] for one in known], dtype=np.float32)
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * points @ points.T
    order, left = [0], set(range(1, len(known)))
    while left:
        nearest = min(left, key=lambda place: (distances[order[-1], place], place))
        order.append(nearest)
        left.remove(nearest)
    return [*(known[place] for place in order), *rest]
