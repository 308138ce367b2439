"""Draw what an evaluation found: numbers in, Plotly figures as plain dicts out. A point's customdata is its link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webapp.charts.training import COLORS, LAYOUT

CellLink = Callable[[str, str], str]  # (truth, predicted) -> URL of the items behind it
Figure = dict[str, Any]

MAX_MATRIX_CLASSES = 30
MAX_CELL_TEXTS = 16  # beyond this many classes the counts are in the hover only
MAX_CURVES = 8
TOP_CONFUSIONS = 25
BLUES = [[0, "rgba(0,114,178,0)"], [0.02, "rgba(0,114,178,.14)"], [1, "rgba(0,114,178,1)"]]
GRAY = "#888888"


def build_confusion(confusion: Mapping[str, Any], link: CellLink) -> Figure:
    """The matrix as a heatmap, colored by the share of each true class; many classes: the top confusions instead."""
    classes, matrix = confusion["classes"], confusion["matrix"]
    if len(classes) > MAX_MATRIX_CLASSES:
        return build_top_confusions(confusion, link)
    hover = "true %{y}<br>predicted %{x}<br>%{text} items, %{z:.1%} of the true class<extra></extra>"
    links = [[link(truth, predicted) for predicted in classes] for truth in classes]
    return draw_matrix([str(name) for name in classes], matrix, links, hover=hover, titles=("true", "predicted"))


def draw_matrix(
    names: Sequence[str],
    matrix: Sequence[Sequence[int]],
    links: Sequence[Sequence[str]],
    *,
    hover: str,
    titles: tuple[str, str],
) -> Figure:
    """Counts as a heatmap, colored by the share of each row; `titles` are those of rows and columns."""
    shares = [[count / (sum(row) or 1) for count in row] for row in matrix]
    trace = {
        "type": "heatmap",
        "x": list(names),
        "y": list(names),
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "colorscale": BLUES,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "text": [[f"{count:,}" if count else "" for count in row] for row in matrix],
        "texttemplate": "%{text}" if len(names) <= MAX_CELL_TEXTS else "",
        "customdata": links,
        "hovertemplate": hover,
    }
    axis = {"type": "category", "showgrid": False, "automargin": True}
    layout = {
        **LAYOUT,
        "hovermode": "closest",
        "xaxis": {**axis, "title": {"text": titles[1]}, "side": "bottom"},
        "yaxis": {**axis, "title": {"text": titles[0]}, "autorange": "reversed"},
    }
    return {"data": [trace], "layout": layout}


def list_confusions(confusion: Mapping[str, Any], limit: int = TOP_CONFUSIONS) -> list[tuple[str, str, int]]:
    """(truth, predicted, count) of the most frequent mistakes."""
    classes, matrix = confusion["classes"], confusion["matrix"]
    cells = [
        (classes[i], classes[j], count)
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(cells, key=lambda cell: (-cell[2], cell[0], cell[1]))[:limit]


def build_top_confusions(confusion: Mapping[str, Any], link: CellLink) -> Figure:
    """The most frequent mistakes as bars, for matrices too large to read."""
    cells = list_confusions(confusion)
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [count for _, _, count in cells],
        "y": [f"{truth} → {predicted}" for truth, predicted, _ in cells],
        "customdata": [link(truth, predicted) for truth, predicted, _ in cells],
        "marker": {"color": COLORS[0]},
        "hovertemplate": "%{y}: %{x} items<extra></extra>",
    }
    layout = {
        **LAYOUT,
        "hovermode": "closest",
        "xaxis": {"title": {"text": "items"}},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
    }
    return {"data": [trace], "layout": layout}


def choose_curve_classes(curves: Mapping[str, Mapping[str, Any]], score: str) -> list[str]:
    """The classes whose curve is drawn: all when few, else those with the worst score."""
    known = [name for name, curve in curves.items() if curve.get(score) is not None]
    return sorted(known, key=lambda name: curves[name][score])[:MAX_CURVES] if len(known) > MAX_CURVES else known


def build_roc(roc: Mapping[str, Mapping[str, Any]]) -> Figure:
    """True-positive over false-positive rate, one-vs-rest."""
    traces: list[dict[str, Any]] = [_line([0, 1], [0, 1], "chance", GRAY, "dot")]
    for n, name in enumerate(choose_curve_classes(roc, "auc")):
        curve = roc[name]
        traces.append(_line(curve["fpr"], curve["tpr"], f"{name} ({curve['auc']:.3f})", COLORS[n % len(COLORS)]))
    return {"data": traces, "layout": _unit_layout("false-positive rate", "true-positive rate")}


def build_precision_recall(curves: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Precision over recall, one-vs-rest."""
    traces = []
    for n, name in enumerate(choose_curve_classes(curves, "average_precision")):
        curve = curves[name]
        title = f"{name} ({curve['average_precision']:.3f})"
        traces.append(_line(curve["recall"], curve["precision"], title, COLORS[n % len(COLORS)]))
    return {"data": traces, "layout": _unit_layout("recall", "precision")}


def build_calibration(calibration: Mapping[str, Sequence[Any]]) -> Figure:
    """The reliability diagram: accuracy over confidence, the diagonal is honest; bars count the items."""
    edges, counts = calibration["edges"], calibration["counts"]
    centers = [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False)]
    filled = [n for n, count in enumerate(counts) if count]
    top = max(counts, default=0) or 1
    bars = {
        "type": "bar",
        "name": "share of items",
        "x": centers,
        "y": [count / top for count in counts],
        "marker": {"color": "rgba(136,136,136,.25)"},
        "customdata": [f"{count:,}" for count in counts],
        "hovertemplate": "%{customdata} items",
    }
    x = [calibration["confidence"][n] for n in filled]
    accuracy = _line(x, [calibration["accuracy"][n] for n in filled], "accuracy", COLORS[0])
    accuracy |= {"mode": "lines+markers", "marker": {"size": 7}}
    traces = [bars, _line([0, 1], [0, 1], "honest", GRAY, "dot"), accuracy]
    return {"data": traces, "layout": {**_unit_layout("confidence", "accuracy"), "bargap": 0.05}}


def build_residuals(residuals: Mapping[str, Sequence[float]]) -> Figure:
    """How errors (predicted minus true) are spread."""
    edges = residuals["edges"]
    trace = {
        "type": "bar",
        "x": [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False)],
        "y": list(residuals["counts"]),
        "width": [high - low for low, high in zip(edges, edges[1:], strict=False)],
        "marker": {"color": COLORS[0]},
        "hovertemplate": "error %{x:.4g}: %{y} items<extra></extra>",
    }
    layout = {**LAYOUT, "hovermode": "closest", "bargap": 0.02, "showlegend": False}
    layout |= {"xaxis": {"title": {"text": "predicted − true"}}, "yaxis": {"title": {"text": "items"}}}
    return {"data": [trace], "layout": layout}


def build_scatter(scatter: Mapping[str, Sequence[Any]], link: Callable[[int], str]) -> Figure:
    """Predicted against true; a point opens its item."""
    true, predicted = scatter["true"], scatter["predicted"]
    ends = [min([*true, *predicted], default=0), max([*true, *predicted], default=1)]
    points = {
        "type": "scattergl" if len(true) > 5_000 else "scatter",
        "mode": "markers",
        "name": "items",
        "x": list(true),
        "y": list(predicted),
        "customdata": [link(item_id) for item_id in scatter["item_id"]],
        "marker": {"size": 5, "color": COLORS[0], "opacity": 0.45},
        "hovertemplate": "true %{x:.4g}<br>predicted %{y:.4g}<extra></extra>",
    }
    layout = {**LAYOUT, "hovermode": "closest", "showlegend": False}
    layout |= {"xaxis": {"title": {"text": "true"}}, "yaxis": {"title": {"text": "predicted"}}}
    return {"data": [_line(ends, ends, "perfect", GRAY, "dot"), points], "layout": layout}


def build_error_by_quantile(bins: Sequence[Mapping[str, Any]], link: Callable[[float, float], str]) -> Figure:
    """Mean absolute error and bias in tenths of the true value; a bar opens its items."""
    labels = [f"{row['low']:.4g} – {row['high']:.4g}" for row in bins]
    links = [link(row["low"], row["high"]) for row in bins]
    bars = {
        "type": "bar",
        "name": "mean absolute error",
        "x": labels,
        "y": [row["mae"] for row in bins],
        "customdata": links,
        "marker": {"color": COLORS[0]},
        "hovertemplate": "%{y:.4g}",
    }
    bias = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "bias",
        "x": labels,
        "y": [row["bias"] for row in bins],
        "customdata": links,
        "line": {"color": COLORS[1]},
        "hovertemplate": "%{y:.4g}",
    }
    axes = {"xaxis": {"title": {"text": "true value"}, "type": "category", "automargin": True}, "yaxis": {}}
    return {"data": [bars, bias], "layout": {**LAYOUT, **axes}}


def _line(x: Sequence[Any], y: Sequence[Any], name: str, color: str, dash: str = "solid") -> dict[str, Any]:
    line = {"color": color, "width": 2, "dash": dash}
    trace = {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name, "line": line}
    return {**trace, "hovertemplate": "%{y:.3f}", "hoverinfo": "skip" if dash == "dot" else "all"}


def _unit_layout(x: str, y: str) -> dict[str, Any]:
    axis = {"range": [0, 1.02], "zeroline": False}
    return {
        **LAYOUT,
        "hovermode": "closest",
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y}},
    }
