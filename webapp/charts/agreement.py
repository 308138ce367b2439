"""Draw how people agree and work: numbers in, Plotly figures as plain dicts out. A point's customdata is its link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webapp.charts.evaluation import draw_matrix
from webapp.charts.training import COLORS, LAYOUT

Figure = dict[str, Any]
CellLink = Callable[[str, str], str]
_MARGIN = {"l": 48, "r": 12, "t": 8, "b": 40}


def build_matrix(
    classes: Sequence[str], matrix: Sequence[Sequence[int]], link: CellLink, first: str, second: str
) -> Figure:
    """Counts of what two sides say about the same items, colored by the share of each row."""
    hover = f"{first}: %{{y}}<br>{second}: %{{x}}<br>%{{text}} times, %{{z:.1%}}<extra></extra>"
    links = [[link(one, other) for other in classes] for one in classes]
    return draw_matrix(classes, matrix, links, hover=hover, titles=(first, second))


def build_weeks(weeks: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Figure:
    """Lines over weeks; `weeks` have "monday", "items" and a value for each key of `names` (key -> its words)."""
    traces = []
    for number, (key, words) in enumerate(names.items()):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": words,
                "x": [week["monday"] for week in weeks],
                "y": [week.get(key) for week in weeks],
                "text": [f"{week.get('items', 0):,} items" for week in weeks],
                "line": {"color": COLORS[number % len(COLORS)], "width": 2},
                "hovertemplate": "%{y:.2f}, %{text}",
            }
        )
    layout = {
        **LAYOUT,
        "margin": _MARGIN,
        "yaxis": {"range": [-0.05, 1.05]},
        "xaxis": {"type": "category", "nticks": 8},
    }
    return {"data": traces, "layout": layout | {"showlegend": len(traces) > 1}}


def build_bars(rows: Sequence[tuple[str, float, str]], title: str, hover: str = "%{x:.0%}") -> Figure:
    """One bar for each (name, share, link), the smallest at the top."""
    ordered = sorted(rows, key=lambda row: row[1], reverse=True)
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [share for _, share, _ in ordered],
        "y": [name for name, _, _ in ordered],
        "customdata": [link for _, _, link in ordered],
        "marker": {"color": COLORS[0]},
        "hovertemplate": "%{y}: " + hover + "<extra></extra>",
    }
    layout = {
        **LAYOUT,
        "hovermode": "closest",
        "margin": _MARGIN,
        "xaxis": {"title": {"text": title}, "range": [0, 1], "tickformat": ".0%"},
        "yaxis": {"automargin": True, "type": "category"},
        "showlegend": False,
    }
    return {"data": [trace], "layout": layout}


def build_pace(buckets: Sequence[Any], answers: Sequence[int], seconds: Sequence[float | None], kind: str) -> Figure:
    """Answers as bars and their median seconds as a line, by hour or by week."""
    bars = {
        "type": "bar",
        "name": "answers",
        "x": list(buckets),
        "y": list(answers),
        "marker": {"color": "rgba(136,136,136,.35)"},
        "hovertemplate": "%{y} answers",
    }
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "seconds per label",
        "x": list(buckets),
        "y": list(seconds),
        "yaxis": "y2",
        "connectgaps": True,
        "line": {"color": COLORS[0], "width": 2},
        "hovertemplate": "%{y:.1f} s",
    }
    layout = {
        **LAYOUT,
        "margin": {**_MARGIN, "r": 48},
        "xaxis": {"type": kind, **({"dtick": 3} if kind == "linear" else {"nticks": 8})},
        "yaxis": {"title": {"text": "answers"}, "rangemode": "tozero"},
        "yaxis2": {
            "title": {"text": "seconds"},
            "overlaying": "y",
            "side": "right",
            "rangemode": "tozero",
            "showgrid": False,
        },
    }
    return {"data": [bars, line], "layout": layout}
