"""Pictures of a profile: numbers in, Plotly figures out, and the small bars that each column gets in plain SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

SPLIT_COLORS = {"train": "#4269d0", "validation": "#efb118", "test": "#3ca951"}  # told apart with any kind of sight
CLASS_COLORS = ("#4269d0", "#d2690c", "#3ca951", "#bb2a63", "#6cc5b0", "#8a6d1d")
GRAY = "#9498a0"
DIVERGING = [[0, "rgb(187,42,99)"], [0.5, "rgba(128,128,128,0.08)"], [1, "rgb(61,78,203)"]]
MORE = [[0, "rgba(61,78,203,0.05)"], [1, "rgb(61,78,203)"]]  # the more the darker; on a dark page the brighter
SHOWN_CLASSES = 40
AXIS_CHARS = 24  # of a name beside a bar: more would leave a phone no room for the bar
WIDTH, HEIGHT, GAP = 240.0, 56.0, 1.5  # of the small bars, in their own units
LINE_MARGIN = 4.0  # above and below the line over them
MANY_CELLS = 14  # columns up to which a heatmap shows its numbers


@dataclass(frozen=True)
class Segment:
    """A part of a bar: where it stands and its color's number; None is gray."""

    y: float
    height: float
    tone: int | None


@dataclass(frozen=True)
class Bar:
    """One bar of a small histogram: a link to the items behind it."""

    x: float
    width: float
    segments: tuple[Segment, ...]
    title: str
    url: str


def build_query(base: str, **conditions: str) -> str:
    """The gallery at `base` with these filters."""
    query = urlencode(conditions)
    return f"{base}{'&' if '?' in base else '?'}{query}" if query else base


def name_range(column: Mapping[str, Any]) -> str:
    """The gallery's parameter for a range of this column."""
    return f"range.{column['name']}" if column["is_measure"] else f"range.col.{column['name']}"


def name_class(classes: Mapping[str, Any] | None) -> str:
    """The gallery's parameter for a class: what the label is, or where items have several, what it names."""
    return "names" if classes and classes.get("several") else "label"


def build_bars(column: Mapping[str, Any], gallery: str) -> list[Bar]:
    """The histogram of a column of numbers or dates, each bar a link; [] where there is none."""
    bins = column.get("bins")
    if not bins or not any(bins["counts"]):
        return []
    edges, counts = bins["edges"], bins["counts"]
    top, step = max(counts), WIDTH / len(counts)
    is_date = column["kind"] == "date"
    found = []
    for n, count in enumerate(counts):
        low, high = _bounds(edges, n, is_date)
        link = build_query(
            gallery, **{name_range(column): f"{low if n else ''}..{high if n + 1 < len(counts) else ''}"}
        )
        words = f"{_short(edges[n], is_date)} – {_short(edges[n + 1], is_date)}: {count:,}"
        mean = (bins.get("means") or [None] * len(counts))[n]
        words += f", mean label {_write(mean)}" if mean is not None else ""
        segments = _stack(count, {name: values[n] for name, values in bins.get("by", {}).items()}, top)
        found.append(Bar(n * step, max(step - GAP, 1), segments, words, link if count else ""))
    return found


@dataclass(frozen=True)
class MeanLine:
    """How the mean of a label that is a number goes along the bars: an SVG polyline, and its ends in words."""

    points: str
    low: str
    high: str


def build_mean_line(column: Mapping[str, Any]) -> MeanLine | None:
    """None where the label is no number."""
    means = (column.get("bins") or {}).get("means") or []
    known = [(n, mean) for n, mean in enumerate(means) if mean is not None]
    low, high = (end((mean for _, mean in known), default=0.0) for end in (min, max))
    if len(known) < 2 or low == high:
        return None
    step, room = WIDTH / len(means), HEIGHT - 2 * LINE_MARGIN
    points = [((n + 0.5) * step, LINE_MARGIN + room * (high - mean) / (high - low)) for n, mean in known]
    return MeanLine(" ".join(f"{x:.2f},{y:.2f}" for x, y in points), _write(low), _write(high))


def _bounds(edges: Sequence[float], n: int, is_date: bool) -> tuple[str, str]:
    if is_date:
        return tuple(datetime.fromtimestamp(edge, UTC).isoformat()[:19] for edge in edges[n : n + 2])  # type: ignore[return-value]
    return repr(float(edges[n])), repr(float(edges[n + 1]))


def _short(edge: float, is_date: bool) -> str:
    return datetime.fromtimestamp(edge, UTC).date().isoformat() if is_date else _write(edge)


def _write(value: float) -> str:
    """Four significant digits, and no powers of ten below a billion."""
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"


def _stack(count: int, by: Mapping[str, int], top: int) -> tuple[Segment, ...]:
    """From the bottom up: the shown classes, the rest in gray."""
    scale = HEIGHT / top
    segments, level = [], HEIGHT
    parts: list[tuple[int | None, int]] = list(enumerate(by.values()))
    parts.append((None, count - sum(by.values())))
    for tone, part in parts:
        if part > 0:
            height = max(part * scale, 0.4)
            level -= height
            segments.append(Segment(level, height, tone))
    return tuple(segments)


@dataclass(frozen=True)
class ValueLine:
    """One of the commonest values of a column: a link to its items."""

    value: str
    count: int
    share: float  # of the commonest, 0..100
    url: str
    mean: str = ""  # of a label that is a number, among these items
    parts: tuple[tuple[int | None, float], ...] = ()  # (color's number or None for gray, percent of the bar) by class


def build_values(column: Mapping[str, Any], gallery: str) -> list[ValueLine]:
    """The commonest values of a column of categories."""
    values = column.get("values") or []
    means = column.get("value_means") or [None] * len(values)
    top = max((count for _, count in values), default=1)
    return [
        ValueLine(
            value,
            count,
            100 * count / top,
            build_query(gallery, **{f"col.{column['name']}": value}),
            "" if mean is None else _write(mean),
            _share_out(count, [counts[n] for counts in (column.get("values_by") or {}).values()]),
        )
        for n, ((value, count), mean) in enumerate(zip(values, means, strict=True))
    ]


def _share_out(count: int, by: Sequence[int]) -> tuple[tuple[int | None, float], ...]:
    """The shown classes, then the rest in gray."""
    parts: list[tuple[int | None, int]] = [*enumerate(by), (None, count - sum(by))] if by else []
    return tuple((tone, 100 * part / count) for tone, part in parts if part > 0)


def draw_balance(classes: Mapping[str, Any], gallery: str) -> dict[str, Any] | None:
    """Items per class, stacked by split; a bar opens its items."""
    shown = [label for label, _ in classes["balance"][:SHOWN_CLASSES]]
    if not shown:
        return None
    traces = [
        {
            "type": "bar",
            "name": split,
            "x": shown,
            "y": [classes["by_split"][split].get(label, 0) for label in shown],
            "customdata": [build_query(gallery, **{name_class(classes): label, "split": split}) for label in shown],
            "marker": {"color": color},
            "hovertemplate": "%{x}: %{y:,} in " + split + "<extra></extra>",
        }
        for split, color in SPLIT_COLORS.items()
        if split in classes["by_split"]
    ]
    axis = {"type": "category", "automargin": True}
    layout = {"barmode": "stack", "xaxis": axis, "yaxis": {"title": {"text": "items"}}, "hovermode": "closest"}
    return {"data": traces, "layout": layout}


def draw_time(
    time: Mapping[str, Any] | None, gallery: str, classes: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Items over the moments they are of, else over the time they came in, by class; None when all are of one. Where
    items have several classes these stand beside each other and beside all items, as they add up to more than there
    are."""
    if not time or len(time["starts"]) < 2:
        return None
    starts, rest = time["starts"], list(time["counts"])
    ends = [*starts[1:], ""]
    is_dated = time.get("of") == "event_time"
    key, words = ("range.date", "date of the item") if is_dated else ("range.time", "came in")
    links = [build_query(gallery, **{key: f"{a}..{b}"}) for a, b in zip(starts, ends, strict=True)]
    traces = []
    key = name_class(classes)
    several = key == "names"
    for n, (name, counts) in enumerate(time["by"].items()):
        rest = rest if several else [a - b for a, b in zip(rest, counts, strict=True)]
        color = CLASS_COLORS[n % len(CLASS_COLORS)]
        traces.append(_bar_trace(name, starts, counts, [f"{link}&{urlencode({key: name})}" for link in links], color))
    if any(rest):
        words = "others" if traces and not several else "items"
        traces.append(_bar_trace(words, starts, rest, links, GRAY if traces else CLASS_COLORS[0]))
    axis = {"type": "category", "automargin": True, "title": {"text": f"{words}, by {time['unit']}"}}
    axis["tickvals"], axis["ticktext"] = starts, [_tick(start, time["unit"]) for start in starts]
    axis["nticks"] = 12
    layout = {"barmode": "group" if several else "stack", "xaxis": axis, "hovermode": "closest"}
    return {"data": traces, "layout": layout}


def _tick(start: str, unit: str) -> str:
    return start[:16].replace("T", " ") if unit == "hour" else start[:10]


def draw_sources(
    sources: Sequence[Mapping[str, Any]],
    titles: Mapping[int, str],
    gallery: str,
    classes: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Items per import: by class in shares, without classes as counts; None with fewer than two imports. Where items
    have several classes the shares stand beside each other, as they add up to more than all."""
    if len(sources) < 2:
        return None
    names = _name_imports(sources, titles)
    labels = list(dict.fromkeys(label for source in sources for label in source["labels"]))
    rest = [source["items"] for source in sources]
    links = [build_query(gallery, collection=str(source["collection"])) for source in sources]
    traces = []
    key = name_class(classes)
    several = key == "names"
    for n, label in enumerate(labels):
        counts = [source["labels"].get(label, 0) for source in sources]
        rest = [a - b for a, b in zip(rest, counts, strict=True)]
        urls = [f"{link}&{urlencode({key: label})}" for link in links]
        color = CLASS_COLORS[n % len(CLASS_COLORS)]
        traces.append(_bar_trace(label, names, counts, urls, color) | {"orientation": "h", "x": counts, "y": names})
    if not several:
        last = _bar_trace("others" if traces else "items", names, rest, links, GRAY if traces else CLASS_COLORS[0])
        traces.append(last | {"orientation": "h", "x": rest, "y": names})
    for trace in traces:
        trace["hovertemplate"] = f"%{{y}}: %{{customdata[1]:,}} {trace['name']}<extra></extra>"
        trace["customdata"] = [[url, count] for url, count in zip(trace["customdata"], trace["x"], strict=True)]
        if several:
            trace["x"] = [100 * n / (source["items"] or 1) for n, source in zip(trace["x"], sources, strict=True)]
    stacked = {"barmode": "stack", "barnorm": "percent"} if labels else {}
    layout = {
        **({"barmode": "group"} if several else stacked),
        "hovermode": "closest",
        "xaxis": {"ticksuffix": " %"} if labels else {},
        "yaxis": {"type": "category", "automargin": True, "autorange": "reversed"},
    }
    return {"data": traces, "layout": layout}


def _bar_trace(name: str, x: Sequence[Any], y: Sequence[int], links: Sequence[str], color: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": list(x),
        "y": list(y),
        "customdata": list(links),
        "marker": {"color": color},
        "hovertemplate": "%{x}: %{y:,} " + name.replace("%{", "% {") + "<extra></extra>",
    }


def draw_associations(associations: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What goes together, as a heatmap from -1 to 1."""
    if not associations:
        return None
    names, matrix = associations["names"], associations["matrix"]
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": matrix,
        "zmin": -1,
        "zmax": 1,
        "colorscale": DIVERGING,
        "showscale": True,
        "colorbar": {"thickness": 10, "outlinewidth": 0},
        "xgap": 1,
        "ygap": 1,
        "texttemplate": "%{z:.2f}" if len(names) <= MANY_CELLS else "",
        "hovertemplate": "%{y} and %{x}: %{z:.3f}<extra></extra>",
    }
    axis = {"type": "category", "showgrid": False, "automargin": True}
    return {
        "data": [trace],
        "layout": {"xaxis": axis, "yaxis": {**axis, "autorange": "reversed"}, "hovermode": "closest"},
    }


def _name_imports(sources: Sequence[Mapping[str, Any]], titles: Mapping[int, str]) -> list[str]:
    """A name for each bar, short enough for a phone; imports of the same name and size stay apart by their number."""
    names = [
        f"{shorten(str(titles.get(source['collection'], source['collection'])))} ({source['items']:,})"
        for source in sources
    ]
    return [
        f"{name} #{source['collection']}" if names.count(name) > 1 else name
        for name, source in zip(names, sources, strict=True)
    ]


def shorten(title: str) -> str:
    """The start of a title that is too long for an axis."""
    return title if len(title) <= AXIS_CHARS else f"{title[: AXIS_CHARS - 1].rstrip()}…"


def draw_together(pairs: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """Which classes items have at the same time; None where items have one class each."""
    if not pairs:
        return None
    names = list(dict.fromkeys(name for a, b, _ in pairs for name in (a, b)))[:SHOWN_CLASSES]
    place = {name: n for n, name in enumerate(names)}
    cells: list[list[int | None]] = [[None] * len(names) for _ in names]
    for a, b, count in pairs:
        if a in place and b in place:
            cells[place[a]][place[b]] = cells[place[b]][place[a]] = count
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": cells,
        "colorscale": MORE,
        "showscale": False,
        "zmin": 0,
        "zmax": max((count for row in cells for count in row if count), default=1),
        "text": [["" if count is None else f"{count:,}" for count in row] for row in cells],
        "texttemplate": "%{text}" if len(names) <= MANY_CELLS else "",
        "hovertemplate": "%{y} and %{x}<br>%{text} items<extra></extra>",
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
    }
    axis = {"type": "category", "showgrid": False, "automargin": True}
    return {
        "data": [trace],
        "layout": {"xaxis": axis, "yaxis": {**axis, "autorange": "reversed"}, "hovermode": "closest"},
    }
