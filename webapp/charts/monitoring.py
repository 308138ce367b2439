"""Charts of live traffic: shares beside the reference, and drift over time."""

from __future__ import annotations

from typing import Any

from lifecycle.monitoring import rules
from lifecycle.monitoring.models import DriftReport

REFERENCE_COLOR, LIVE_COLOR = "#9aa5b1", "#2f6fde"


def draw_shares(feature: rules.FeatureDrift) -> dict[str, Any]:
    """Grouped bars: share of values per bin, reference and live."""
    bars = (("reference", feature.reference_shares, REFERENCE_COLOR), ("live", feature.live_shares, LIVE_COLOR))
    return {
        "data": [
            {
                "type": "bar",
                "name": name,
                "x": feature.labels,
                "y": shares,
                "marker": {"color": color},
                "hovertemplate": "%{x}<br>%{y:.1%}<extra>" + name + "</extra>",
            }
            for name, shares, color in bars
        ],
        "layout": {
            "barmode": "group",
            "bargap": 0.15,
            "margin": {"l": 40, "r": 8, "t": 8, "b": 40},
            "yaxis": {"tickformat": ".0%"},
            "xaxis": {"type": "category", "tickangle": -30, "automargin": True, "nticks": 8},
            "showlegend": False,
        },
    }


def draw_history(reports: list[DriftReport]) -> dict[str, Any]:
    """Worst PSI of each report over time, with the line above which it counts as drift."""
    ordered = [r for r in reversed(reports) if r.worst_psi is not None]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [r.window_end.isoformat() for r in ordered],
                "y": [r.worst_psi for r in ordered],
                "line": {"color": LIVE_COLOR},
                "hovertemplate": "PSI %{y:.3f}<br>%{x}<extra></extra>",
            }
        ],
        "layout": {
            "margin": {"l": 40, "r": 8, "t": 8, "b": 30},
            "yaxis": {"title": {"text": "worst PSI"}, "rangemode": "tozero"},
            "shapes": [
                {
                    "type": "line",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": rules.PSI_WARNING,
                    "y1": rules.PSI_WARNING,
                    "line": {"color": "#d6333f", "dash": "dot", "width": 1},
                }
            ],
            "showlegend": False,
        },
    }
