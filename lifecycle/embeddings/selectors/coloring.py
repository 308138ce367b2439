"""Values of items as colors of points: codes by how often a value occurs, or numbers on a scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle.embeddings.codec import NO_CODE, Points
from lifecycle.embeddings.models import Map

SHOWN_ENTRIES = 40  # more classes than that share the last color
MAX_NAME_CHARS = 80
TAILS = (0.01, 0.99)  # where a tail is much longer than what lies between, the scale ends near these quantiles
REACH = 0.25


@dataclass(frozen=True)
class Coloring:
    """`legend` is what `codec.encode_colors` sends; `values` are aligned with the map's points."""

    legend: dict[str, Any]
    values: np.ndarray


@dataclass(frozen=True)
class Reader:
    """How one choice is called and where its values come from, in one query."""

    title: str
    read: Callable[[Map, Points], Coloring]


def to_number(value: Any) -> float | None:
    """The number in a cell or a label; None for what is none, or not finite."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def _places(points: Points, ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(positions among the points, which of the ids are on the map)."""
    wanted = np.asarray(ids, dtype=np.int64)
    places = np.searchsorted(points.item_ids, wanted)
    places = np.minimum(places, max(len(points.item_ids) - 1, 0))
    is_known = points.item_ids[places] == wanted if len(points.item_ids) else np.zeros(len(wanted), bool)
    return places[is_known], is_known


def as_codes(points: Points, pairs: Sequence[tuple[int, Any]], *, nothing: str, link: str = "") -> Coloring:
    """Codes by how often a value occurs; those beyond the shown ones share the last entry."""
    places, is_known = _places(points, [item_id for item_id, _ in pairs])
    present = [value for (_, value), known in zip(pairs, is_known, strict=True) if known]
    counts = Counter(value for value in present if value not in (None, ""))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    kept = ranked[:SHOWN_ENTRIES]
    codes_of = {value: code for code, (value, _) in enumerate(kept)}
    entries = [
        {"name": str(value)[:MAX_NAME_CHARS], "count": count, **({"filter": link} if link else {})}
        for value, count in kept
    ]
    if len(ranked) > SHOWN_ENTRIES:
        rest = sum(count for _, count in ranked[SHOWN_ENTRIES:])
        entries.append({"name": f"{len(ranked) - SHOWN_ENTRIES} others", "count": rest})
    other = len(kept)
    codes = np.full(len(points.item_ids), NO_CODE, dtype=np.uint16)
    codes[places] = [NO_CODE if value in (None, "") else codes_of.get(value, other) for value in present]
    legend = {"entries": entries, "nothing": nothing, "nothing_count": int((codes == NO_CODE).sum())}
    return Coloring(legend, codes)


def as_values(points: Points, pairs: Sequence[tuple[int, float | None]], *, is_time: bool = False) -> Coloring:
    """Shares of the way along a scale, NaN for none. "low" and "high" are the extremes, "from" and "to" the ends of the
    scale, which leaves long tails out, so that one stray value does not make all others look the same."""
    places, is_known = _places(points, [item_id for item_id, _ in pairs])
    numbers = [value for (_, value), known in zip(pairs, is_known, strict=True) if known]
    values = np.full(len(points.item_ids), np.nan, dtype=np.float64)
    values[places] = [np.nan if value is None else value for value in numbers]
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    start, end = _choose_scale(finite) if len(finite) and low < high else (low, high)
    half = end / 2 - start / 2  # halves, since a whole range may be too wide for a number
    scaled = np.clip((values / 2 - start / 2) / (half or 1.0), 0, 1)
    nothing = int((~np.isfinite(values)).sum())
    legend = {"low": low, "high": high, "from": start, "to": end, "is_time": is_time, "nothing_count": nothing}
    return Coloring(legend, scaled.astype(np.float32))


def _choose_scale(finite: np.ndarray) -> tuple[float, float]:
    low, high = float(finite.min()), float(finite.max())
    first, last = (float(value) for value in np.quantile(finite, TAILS, method="nearest"))
    reach = REACH * last - REACH * first
    start, end = max(low, first - reach), min(high, last + reach)
    return (start, end) if start < end else (low, high)
