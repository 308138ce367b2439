"""Labels: how many of each, in which split, over time, by source, and which come together."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from typing import Any

import duckdb

MAX_CLASSES = 200
SHOWN_SOURCES = 20
TOP_OVER_TIME = 6
UNITS = (("hour", 2), ("day", 90), ("week", 730), ("month", 3_650), ("year", 10**9))  # (unit, up to so many days)


def count_all(base: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """{"items", "labeled", "grouped", "splits": {split: n}}"""
    items, labeled, grouped, groups = base.execute(
        "SELECT count(*), count(label), count(grp), count(DISTINCT grp) FROM cells"
    ).fetchall()[0]
    splits = dict(base.execute("SELECT split, count(*) FROM cells GROUP BY split ORDER BY split").fetchall())
    return {"items": items, "labeled": labeled, "grouped": grouped, "groups": groups, "splits": splits}


def list_labels(base: duckdb.DuckDBPyConnection) -> list[str]:
    """Most frequent first, at most MAX_CLASSES."""
    rows = base.execute(
        "SELECT label FROM cells WHERE label IS NOT NULL GROUP BY label ORDER BY count(*) DESC, label LIMIT ?",
        [MAX_CLASSES],
    ).fetchall()
    return [label for (label,) in rows]


def describe_classes(base: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """{"balance": [[label, n]], "by_split": {split: {label: n}}, "distinct", "together"}"""
    rows = base.execute(
        "SELECT label, split, count(*) AS n FROM cells WHERE label IS NOT NULL GROUP BY ALL ORDER BY n DESC, label"
    ).fetchall()
    totals: Counter[str] = Counter()
    by_split: dict[str, dict[str, int]] = {}
    for label, split, count in rows:
        totals[label] += count
        by_split.setdefault(split, {})[label] = count
    ranked = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = {label for label, _ in ranked[:MAX_CLASSES]}
    kept = {split: {k: n for k, n in counts.items() if k in shown} for split, counts in by_split.items()}
    return {
        "balance": [list(pair) for pair in ranked[:MAX_CLASSES]],
        "by_split": kept,
        "distinct": len(ranked),
        "together": _count_together(totals),
    }


def _count_together(totals: Counter[str]) -> list[list[Any]]:
    """[class, class, items with both], where a label is a JSON list of classes; [] where items have one class."""
    pairs: Counter[tuple[str, str]] = Counter()
    for label, count in totals.items():
        if not label.startswith("["):
            continue
        try:
            names = json.loads(label)
        except ValueError:
            continue
        pairs.update({pair: count for pair in combinations(sorted({str(name) for name in names}), 2)})
    return [[a, b, count] for (a, b), count in pairs.most_common(100)]


def describe_time(base: duckdb.DuckDBPyConnection, labels: list[str], label_kind: str) -> dict[str, Any] | None:
    """When items came in: {"unit", "starts": [ISO], "counts", "by": {label: counts}}; None without times."""
    low, high = base.execute("SELECT min(created_at), max(created_at) FROM cells").fetchall()[0]
    if low is None:
        return None
    days = (high - low).total_seconds() / 86_400
    unit = next(name for name, limit in UNITS if days <= limit)
    shown = labels[:TOP_OVER_TIME] if label_kind != "number" else []
    rows = base.execute(
        f"""SELECT date_trunc('{unit}', created_at) AS moment,
                   CASE WHEN label IN (SELECT unnest(?)) THEN label END AS name, count(*)
            FROM cells WHERE created_at IS NOT NULL GROUP BY ALL ORDER BY moment""",
        [shown],
    ).fetchall()
    starts = list(dict.fromkeys(moment.isoformat() for moment, _, _ in rows))
    place = {start: n for n, start in enumerate(starts)}
    counts, by = [0] * len(starts), {name: [0] * len(starts) for name in shown}
    for moment, name, count in rows:
        counts[place[moment.isoformat()]] += count
        if name is not None:
            by[name][place[moment.isoformat()]] = count
    return {"unit": unit, "starts": starts, "counts": counts, "by": by}


def describe_sources(base: duckdb.DuckDBPyConnection, labels: list[str], label_kind: str) -> list[dict[str, Any]]:
    """The largest collections: {"collection", "items", "labeled", "labels": {label: n}}."""
    rows = base.execute(
        """SELECT collection_id, count(*) AS n, count(label) FROM cells WHERE collection_id IS NOT NULL
           GROUP BY collection_id ORDER BY n DESC LIMIT ?""",
        [SHOWN_SOURCES],
    ).fetchall()
    found = {key: {"collection": key, "items": n, "labeled": labeled, "labels": {}} for key, n, labeled in rows}
    if label_kind == "number":
        return list(found.values())
    shown = base.execute(
        """SELECT collection_id, label, count(*) FROM cells
           WHERE collection_id IN (SELECT unnest(?)) AND label IN (SELECT unnest(?)) GROUP BY ALL""",
        [list(found), labels[:TOP_OVER_TIME]],
    ).fetchall()
    for key, label, count in shown:
        found[key]["labels"][label] = count
    return list(found.values())
