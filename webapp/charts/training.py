"""Draw the scores of trainings: numbers in, Plotly figures as plain dicts out. Colors of text come from the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# Okabe & Ito (2008), told apart by people with any common color blindness, on light and dark.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C8C00", "#999999")
LAYOUT = {
    "margin": {"l": 56, "r": 12, "t": 8, "b": 40},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "hovermode": "x unified",
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    "uirevision": "keep",  # zoom and hidden traces survive new points
}
FIRST = ("loss",)  # what people look at first


@dataclass(frozen=True)
class Series:
    """One curve of one run; `label` is how the run is called on the page."""

    run: int
    label: str
    key: str
    steps: Sequence[int]
    values: Sequence[float]


def to_json_numbers(values: Iterable[float]) -> list[float | None]:
    """JSON has no NaN and no infinity: they become gaps."""
    return [value if math.isfinite(value) else None for value in values]


def split_key(key: str) -> tuple[str, str]:
    """A metric's key as (split, score): ("validation", "loss") of "validation/loss"; the split may be empty."""
    split, slash, name = key.partition("/")
    return (split, name) if slash else ("", key)


def build_curve_figures(series: Sequence[Series]) -> list[dict[str, Any]]:
    """One figure for each score, the splits of all runs in it: [{"id", "title", "figure"}].

    With one run colors tell the splits apart; with several they tell the runs apart and dots mark the train split.
    A trace's `meta` is {"run", "key"}: a page appends new points by it.
    """
    names = sorted({split_key(s.key)[1] for s in series}, key=lambda n: (n not in FIRST, n))
    runs = list(dict.fromkeys(s.run for s in series))
    return [
        {"id": f"curve-{n}", "title": name.replace("_", " "), "figure": _build_figure(name, series, runs)}
        for n, name in enumerate(names)
    ]


def _build_figure(name: str, series: Sequence[Series], runs: Sequence[int]) -> dict[str, Any]:
    chosen = [s for s in series if split_key(s.key)[1] == name]
    splits = list(dict.fromkeys(split_key(s.key)[0] for s in chosen))
    traces = []
    for s in chosen:
        split = split_key(s.key)[0]
        position = runs.index(s.run) if len(runs) > 1 else splits.index(split)
        traces.append(_build_trace(s, split, COLORS[position % len(COLORS)], len(runs) > 1, len(splits) > 1))
    layout = {
        **LAYOUT,
        "xaxis": {"title": {"text": "step"}, "zeroline": False},
        "yaxis": {"title": {"text": name.replace("_", " ")}, "zeroline": False},
        "showlegend": True,
    }
    return {"data": traces, "layout": layout}


def _build_trace(s: Series, split: str, color: str, has_runs: bool, has_splits: bool) -> dict[str, Any]:
    parts = [s.label if has_runs else "", split if has_splits or not has_runs else ""]
    is_dotted = has_runs and split == "train"
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(s.steps) < 30 else "lines",
        "name": " · ".join(part for part in parts if part) or s.key,
        "x": list(s.steps),
        "y": to_json_numbers(s.values),
        "line": {"color": color, "width": 2, "dash": "dot" if is_dotted else "solid"},
        "marker": {"size": 5},
        "meta": {"run": s.run, "key": s.key},
        "hovertemplate": "%{y:.4g}",
    }
