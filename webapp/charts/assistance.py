"""Charts of suggestions and active learning: the two arms over time, and score against labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecycle.annotations.suggestion_selectors import DayReport
from lifecycle.pipelines.learning_models import LearningRound

WITH_COLOR, WITHOUT_COLOR = "#2f6fde", "#9aa5b1"
MARGIN = {"l": 52, "r": 8, "t": 8, "b": 40}


def draw_seconds(days: Sequence[DayReport]) -> dict[str, Any]:
    """Seconds per label, day by day, with and without suggestions, each with its interval."""
    return {
        "data": [
            _trace("with suggestions", WITH_COLOR, [(day.day, day.report.seconds_shown) for day in days]),
            _trace("without", WITHOUT_COLOR, [(day.day, day.report.seconds_hidden) for day in days]),
        ],
        "layout": _layout("seconds per label", "date") | {"legend": {"orientation": "h", "y": 1.15}},
    }


def _trace(name: str, color: str, points: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    known = [(day, one) for day, one in points if one.value is not None]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [day.isoformat() for day, _ in known],
        "y": [round(one.value, 3) for _, one in known],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [round((one.high or one.value) - one.value, 3) for _, one in known],
            "arrayminus": [round(one.value - (one.low or one.value), 3) for _, one in known],
            "thickness": 1,
        },
        "line": {"color": color},
        "hovertemplate": "%{x}<br>%{y:.2f} s<extra>" + name + "</extra>",
    }


def draw_curves(rounds: Sequence[LearningRound], metric: str, address: str) -> dict[str, Any]:
    """Score against the labels a model was trained on: all labels, and those of the random arm alone.

    `address` leads from a point to its pipeline run; it has the number 0 where that one's belongs.
    """
    ordered = sorted(rounds, key=lambda turn: turn.number)
    ours = [(turn.train_labels or turn.labels, turn.value, turn) for turn in ordered if turn.value is not None]
    theirs = [(turn.random_labels, turn.random_value, turn) for turn in ordered if turn.random_value is not None]
    return {
        "data": [
            _curve("active learning", WITH_COLOR, "solid", ours, address),
            _curve("random arm alone", WITHOUT_COLOR, "dash", theirs, address),
        ],
        "layout": _layout(metric, "linear")
        | {
            "xaxis": {"title": {"text": "labels it was trained on"}, "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.15},
        },
    }


def _curve(name: str, color: str, dash: str, points: Sequence[tuple[Any, ...]], address: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [labels for labels, _, _ in points],
        "y": [value for _, value, _ in points],
        "customdata": [address.replace("/0", f"/{turn.pipeline.number}") for _, _, turn in points],
        "text": [f"round {turn.number}" for _, _, turn in points],
        "line": {"color": color, "dash": dash},
        "hovertemplate": "%{text}: %{y:.4g} with %{x} labels<extra>" + name + "</extra>",
    }


def _layout(title: str, kind: str) -> dict[str, Any]:
    return {"margin": MARGIN, "yaxis": {"title": {"text": title}}, "xaxis": {"type": kind}}
