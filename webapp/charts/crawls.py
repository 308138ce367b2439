"""Charts of a crawl: how fast it fetched."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

PAGES_COLOR, ITEMS_COLOR = "#2f6fde", "#3ca951"
RECENT_SECONDS = 15.0
History = Sequence[Sequence[float]]  # [seconds, fetched, items, waiting, failed]


def compute_rates(history: History) -> dict[str, float]:
    """Pages and items a second, over the last moments of work."""
    if len(history) < 2:
        return {"pages": 0.0, "items": 0.0}
    last = history[-1]
    first = next(point for point in history if last[0] - point[0] <= RECENT_SECONDS)
    if first is last:
        first = history[-2]
    seconds = max(last[0] - first[0], 0.1)
    return {"pages": (last[1] - first[1]) / seconds, "items": (last[2] - first[2]) / seconds}


def draw_speed(history: History) -> dict[str, Any]:
    """Pages and items a second over the seconds of work."""
    steps = [(a, b) for a, b in pairwise(history) if b[0] > a[0]]
    lines = (("pages/s", 1, PAGES_COLOR), ("items/s", 2, ITEMS_COLOR))
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": [b[0] for _, b in steps],
                "y": [round((b[place] - a[place]) / (b[0] - a[0]), 2) for a, b in steps],
                "line": {"color": color, "shape": "spline", "smoothing": 0.4},
                "hovertemplate": "%{y:.1f} " + name + " after %{x:.0f} s<extra></extra>",
            }
            for name, place, color in lines
        ],
        "layout": {
            "margin": {"l": 44, "r": 8, "t": 8, "b": 36},
            "xaxis": {"title": {"text": "seconds of work"}, "rangemode": "tozero"},
            "yaxis": {"rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.12},
        },
    }
