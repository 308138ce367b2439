"""Pictures of what is in a dataset version: numbers in, Plotly figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

SHOWN_CLASSES = 40
COLORS = {"train": "#4269d0", "validation": "#efb118", "test": "#3ca951"}  # told apart with any kind of sight


def draw_balance(summary: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any] | None:
    """Labels per class and split as stacked bars, or the distribution of numbers; None when nothing is labeled."""
    if "histogram" in summary:
        return _draw_histogram(summary["histogram"])
    return _draw_classes(summary.get("balance", {}), classes)


def _draw_classes(balance: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> dict[str, Any] | None:
    totals: dict[str, int] = {}
    for counts in balance.values():
        for label, count in counts.items():
            totals[label] = totals.get(label, 0) + count
    if not totals:
        return None
    known = [name for name in classes if name in totals] + sorted(totals.keys() - set(classes))
    shown = known if len(known) <= SHOWN_CLASSES else sorted(known, key=lambda n: -totals[n])[:SHOWN_CLASSES]
    traces = [
        {
            "type": "bar",
            "name": split,
            "x": shown,
            "y": [balance[split].get(name, 0) for name in shown],
            "customdata": [f"?split={split}&label={quote(name, safe='')}" for name in shown],
            "marker": {"color": COLORS[split]},
            "hovertemplate": "%{x}: %{y:,} in " + split + "<extra></extra>",
        }
        for split in COLORS
        if split in balance
    ]
    axis = {"type": "category", "automargin": True}
    return {"data": traces, "layout": {"barmode": "stack", "xaxis": axis, "yaxis": {"title": {"text": "items"}}}}


def _draw_histogram(histogram: Mapping[str, Any]) -> dict[str, Any] | None:
    edges = histogram.get("edges") or []
    if not edges:
        return None
    middles = [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False)]
    traces = [
        {
            "type": "bar",
            "name": split,
            "x": middles,
            "y": counts,
            "width": edges[1] - edges[0],
            "marker": {"color": COLORS[split]},
        }
        for split in COLORS
        if (counts := histogram["counts"].get(split))
    ]
    return {
        "data": traces,
        "layout": {"barmode": "stack", "xaxis": {"title": {"text": "label"}}, "yaxis": {"title": {"text": "items"}}},
    }
