"""Labels: how many of each, in which split, over time, by source, and which come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from lifecycle.contracts.label_interface import NOTHING
from lifecycle.contracts.label_interface.names import NameReader, is_cut

MAX_CLASSES = 200
SHOWN_SOURCES = 20
TOP_OVER_TIME = 6
TOP_TOGETHER = 40  # classes whose pairs are counted
SHOWN_PAIRS = 100
LABELS_AT_ONCE = 20_000
UNITS = (("hour", 2), ("day", 90), ("week", 730), ("month", 3_650), ("year", 10**9))  # (unit, up to so many days)


def count_all(base: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """{"items", "labeled", "grouped", "splits": {split: n}}"""
    items, labeled, grouped, groups = base.execute(
        "SELECT count(*), count(label), count(grp), count(DISTINCT grp) FROM cells"
    ).fetchall()[0]
    splits = dict(base.execute("SELECT split, count(*) FROM cells GROUP BY split ORDER BY split").fetchall())
    return {"items": items, "labeled": labeled, "grouped": grouped, "groups": groups, "splits": splits}


def take_labels_apart(base: duckdb.DuckDBPyConnection, names: tuple[str, ...] | None) -> None:
    """Make the view `said`, one row for each class that an item's label names: label, split, collection_id, created_at,
    event_time.
    `names` as in `ProfileSpec.label_names`."""
    if names is None:
        base.execute("CREATE OR REPLACE VIEW said AS SELECT * FROM cells WHERE label IS NOT NULL")
        return
    base.execute("CREATE OR REPLACE TABLE parts (label VARCHAR, name VARCHAR)")
    for part in _read_parts(base.cursor(), NameReader(names)):
        base.register("new_parts", part)
        base.execute("INSERT INTO parts SELECT label, name FROM new_parts")
        base.unregister("new_parts")
    base.execute(
        """CREATE OR REPLACE VIEW said AS
           SELECT p.name AS label, c.split, c.collection_id, c.created_at, c.event_time
           FROM cells c JOIN parts p USING (label)"""
    )


def _read_parts(base: duckdb.DuckDBPyConnection, reader: NameReader) -> Iterator[pa.Table]:
    """Every label that occurs, with each of its names."""
    found = base.execute("SELECT DISTINCT label FROM cells WHERE label IS NOT NULL")
    while rows := found.fetchmany(LABELS_AT_ONCE):
        pairs = [(label, name) for (label,) in rows for name in reader.read(label)]
        yield pa.table({
            "label": pa.array([label for label, _ in pairs], pa.string()),
            "name": pa.array([name for _, name in pairs], pa.string()),
        })  # fmt: skip


def list_labels(base: duckdb.DuckDBPyConnection) -> list[str]:
    """Most frequent first, at most MAX_CLASSES."""
    rows = base.execute(
        "SELECT label FROM said GROUP BY label ORDER BY count(*) DESC, label LIMIT ?", [MAX_CLASSES]
    ).fetchall()
    return [label for (label,) in rows]


def describe_classes(base: duckdb.DuckDBPyConnection, *, several: bool) -> dict[str, Any]:
    """{"balance": [[label, n]], "by_split": {split: {label: n}}, "distinct", "several", "together"}, and where items
    have several classes "nothing" and "cut": items without any, and with more than their label has room for."""
    rows = base.execute("SELECT label, split, count(*) AS n FROM said GROUP BY ALL ORDER BY n DESC, label").fetchall()
    totals: Counter[str] = Counter()
    by_split: dict[str, dict[str, int]] = {}
    for label, split, count in rows:
        totals[label] += count
        by_split.setdefault(split, {})[label] = count
    ranked = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = {label for label, _ in ranked[:MAX_CLASSES]}
    kept = {split: {k: n for k, n in counts.items() if k in shown} for split, counts in by_split.items()}
    found = {
        "balance": [list(pair) for pair in ranked[:MAX_CLASSES]],
        "by_split": kept,
        "distinct": len(ranked),
        "several": several,
        "together": [],
    }
    if not several:
        return found
    together = _count_together(base, [label for label, _ in ranked[:TOP_TOGETHER]])
    return found | {"together": together} | _count_odd(base)


def _count_together(base: duckdb.DuckDBPyConnection, labels: list[str]) -> list[list[Any]]:
    """[class, class, items with both]"""
    rows = base.execute(
        """WITH shown AS (SELECT label, name FROM parts WHERE name IN (SELECT unnest(?::VARCHAR[]))),
                counts AS (SELECT label, count(*) AS n FROM cells WHERE label IS NOT NULL GROUP BY label)
           SELECT a.name, b.name, sum(n)::BIGINT AS items
           FROM shown a JOIN shown b ON a.label = b.label AND a.name < b.name JOIN counts ON counts.label = a.label
           GROUP BY ALL ORDER BY items DESC, 1, 2 LIMIT ?""",
        [labels, SHOWN_PAIRS],
    ).fetchall()
    return [list(row) for row in rows]


def _count_odd(base: duckdb.DuckDBPyConnection) -> dict[str, int]:
    ends = base.execute(
        "SELECT label, count(*) FROM cells WHERE label = ? OR label LIKE '%…' GROUP BY label", [NOTHING]
    )
    counts = dict(ends.fetchall())
    return {"nothing": counts.get(NOTHING, 0), "cut": sum(n for label, n in counts.items() if is_cut(label))}


def describe_time(base: duckdb.DuckDBPyConnection, labels: list[str]) -> dict[str, Any] | None:
    """The moments that items are of, or where none has one, when they came in: {"of": event_time or created_at, "unit",
    "starts": [ISO], "counts", "by": {label: counts}, "without": items that have none}; None without times."""
    (dated,) = base.execute("SELECT count(event_time) FROM cells").fetchall()[0]
    axis = "event_time" if dated else "created_at"
    low, high, without = base.execute(
        f"SELECT min({axis}), max({axis}), count(*) FILTER ({axis} IS NULL) FROM cells"
    ).fetchall()[0]
    if low is None:
        return None
    days = (high - low).total_seconds() / 86_400
    unit = next(name for name, limit in UNITS if days <= limit)
    moment = f"date_trunc('{unit}', {axis})"
    rows = base.execute(
        f"SELECT {moment} AS moment, count(*) FROM cells WHERE {axis} IS NOT NULL GROUP BY ALL ORDER BY moment"
    ).fetchall()
    starts, counts = [start.isoformat() for start, _ in rows], [count for _, count in rows]
    shown = labels[:TOP_OVER_TIME]
    place, by = {start: n for n, start in enumerate(starts)}, {name: [0] * len(starts) for name in shown}
    said = base.execute(
        f"""SELECT {moment}, label, count(*) FROM said
            WHERE {axis} IS NOT NULL AND label IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL""",
        [shown],
    ).fetchall()
    for start, name, count in said:
        by[name][place[start.isoformat()]] = count
    return {"of": axis, "unit": unit, "starts": starts, "counts": counts, "by": by, "without": without}


def describe_sources(base: duckdb.DuckDBPyConnection, labels: list[str]) -> list[dict[str, Any]]:
    """The largest collections: {"collection", "items", "labeled", "labels": {label: n}}."""
    rows = base.execute(
        """SELECT collection_id, count(*) AS n, count(label) FROM cells WHERE collection_id IS NOT NULL
           GROUP BY collection_id ORDER BY n DESC LIMIT ?""",
        [SHOWN_SOURCES],
    ).fetchall()
    found = {key: {"collection": key, "items": n, "labeled": labeled, "labels": {}} for key, n, labeled in rows}
    shown = base.execute(
        """SELECT collection_id, label, count(*) FROM said
           WHERE collection_id IN (SELECT unnest(?::BIGINT[])) AND label IN (SELECT unnest(?::VARCHAR[]))
           GROUP BY ALL""",
        [list(found), labels[:TOP_OVER_TIME]],
    ).fetchall()
    for key, label, count in shown:
        found[key]["labels"][label] = count
    return list(found.values())
