"""One column at a time: how much is missing, how its values are spread, its extremes, how the label goes with it."""

from __future__ import annotations

import math
from typing import Any

import duckdb

from lifecycle.contracts.moments import ISO, SAMPLE, choose_formats
from workers.engines.profile.cells import Column, quote

BINS = 24
TOP_VALUES = 15
EXTREMES = 5
SPELLINGS = 5
SHOWN_CLASSES = 6
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
EXACT_UP_TO = 100_000  # different values; beyond, about as many are counted and scaled up
HASHES = 1 << 64
FIRST_DAY, LAST_DAY = "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-30'"  # what Python's calendar has, and a bin's end


def describe_column(base: duckdb.DuckDBPyConnection, column: Column, classes: list[str], label_kind: str) -> dict:
    """{"name", "title", "kind", "is_measure", "missing", "distinct", …} and, by kind, numbers, bins or values.

    "is_estimate" where "distinct" is one: its standard error is 0.3 %. "infinite" counts numbers that are not missing
    and of which nothing can be computed.
    """
    describe = {"number": _describe_number, "date": _describe_date}.get(column.kind, _describe_values)
    facts: dict[str, Any] = {
        "name": column.name,
        "title": column.title,
        "kind": column.kind,
        "is_measure": column.is_measure,
    }
    total, present = base.execute(f"SELECT count(*), count({column.key}) FROM cells").fetchall()[0]
    facts["missing"] = total - present
    if column.kind == "number":
        infinite = base.execute(f"SELECT count({column.key}) FROM raw_cells").fetchall()[0][0] - present
        facts |= {"missing": total - present - infinite, "infinite": infinite}
    facts["distinct"], facts["is_estimate"] = count_distinct(base, column.key, present)
    if not present:
        return facts
    return facts | describe(base, column, facts["distinct"], classes, label_kind)


def count_distinct(base: duckdb.DuckDBPyConnection, key: str, present: int) -> tuple[int, bool]:
    """(different values, whether that is an estimate). Of very many values those are counted whose hash is small:
    a fair sample of the values however often each occurs, so that memory stays flat."""
    rough = base.execute(f"SELECT approx_count_distinct({key}) FROM cells").fetchall()[0][0]
    if rough <= EXACT_UP_TO:
        return base.execute(f"SELECT count(DISTINCT {key}) FROM cells").fetchall()[0][0], False
    share = EXACT_UP_TO / rough
    seen = base.execute(f"SELECT count(DISTINCT {key}) FROM cells WHERE hash({key}) < {int(HASHES * share)}").fetchall()
    return min(round(seen[0][0] / share), present), True


def _describe_number(base: duckdb.DuckDBPyConnection, column: Column, distinct: int, classes: list[str], kind: str):
    key = column.key
    row = base.execute(
        f"""SELECT min({key}), max({key}), avg({key}), stddev_samp({key}), count(*) FILTER ({key} = 0),
                   count(*) FILTER ({key} < 0), approx_quantile({key}, {list(QUANTILES)}),
                   bool_and({key} = floor({key})) FROM cells WHERE {key} IS NOT NULL"""
    ).fetchall()[0]
    low, high, mean, deviation, zeros, negative, quantiles, is_whole = row
    numbers = {
        "min": low,
        "max": high,
        "mean": mean,
        "deviation": deviation,
        "zeros": zeros,
        "negative": negative,
        "is_whole": bool(is_whole),
        "quantiles": dict(zip(map(str, QUANTILES), quantiles, strict=True)),
    }
    edges = choose_edges(low, high, quantiles[0], quantiles[-1], bool(is_whole))
    bins = count_bins(base, key, edges, classes, kind)
    return {"numbers": _finite(numbers), "bins": bins, "extremes": _find_extremes(base, key)}


def choose_edges(low: float, high: float, first: float, last: float, is_whole: bool) -> list[float]:
    """Rising bin edges; a long tail falls into the first or last bin, so that one stray value does not flatten the
    rest. Whole numbers in a small range have a bin each."""
    grain = math.ulp(max(abs(low), abs(high)))  # no two numbers of this size lie closer
    if is_whole and high - low < BINS and grain < 0.5:
        return [low + i - 0.5 for i in range(int(high - low) + 2)]
    reach = 0.25 * last - 0.25 * first
    start, end = max(low, first - reach), min(high, last + reach)
    if end <= start:
        start, end = low, high
    if end <= start:
        return [low, low + max(1.0, grain)]
    bins = int(max(1, min(BINS, (end / 2 - start / 2) // grain)))
    return [start * (1 - i / bins) + end * (i / bins) for i in range(bins)] + [end]


def count_bins(
    base: duckdb.DuckDBPyConnection, key: str, edges: list[float], classes: list[str], label_kind: str
) -> dict[str, Any]:
    """{"edges", "counts", "by": {class: counts} | {"": mean label of each bin}}; outermost bins are open."""
    last = len(edges) - 2
    half = (edges[-1] / 2 - edges[0] / 2) / (last + 1)  # halves, since a whole range may be too wide for a number
    place = f"greatest(least(floor(({key} / 2 - {edges[0] / 2!r}) / {half!r}), {last}), 0)::INTEGER"
    counts = [0] * (last + 1)
    if label_kind == "number":
        means: list[float | None] = [None] * (last + 1)
        rows = base.execute(
            f"""SELECT {place} AS bin, count(*), avg(target) FROM cells
                WHERE {key} IS NOT NULL GROUP BY bin"""
        ).fetchall()
        for bin_, count, mean in rows:
            counts[bin_], means[bin_] = count, _finite(mean)
        return {"edges": edges, "counts": counts, "means": means}
    by = {name: [0] * (last + 1) for name in classes[:SHOWN_CLASSES]}
    found = base.execute(
        f"""SELECT {place} AS bin, CASE WHEN label IN (SELECT unnest(?)) THEN label END AS name, count(*) FROM cells
            WHERE {key} IS NOT NULL GROUP BY ALL""",
        [list(by)],
    ).fetchall()
    for bin_, name, count in found:
        counts[bin_] += count
        if name is not None:
            by[name][bin_] = count
    return {"edges": edges, "counts": counts, "by": by}


def _find_extremes(base: duckdb.DuckDBPyConnection, key: str) -> dict[str, list]:
    ends = {}
    for name, order in (("low", "ASC"), ("high", "DESC")):
        rows = base.execute(
            f"SELECT item_id, {key} FROM cells WHERE {key} IS NOT NULL ORDER BY {key} {order}, item_id LIMIT {EXTREMES}"
        ).fetchall()
        ends[name] = [[item_id, value] for item_id, value in rows]
    return ends


def _describe_date(base: duckdb.DuckDBPyConnection, column: Column, distinct: int, classes: list[str], kind: str):
    moment = _write_moment(base, column.key)
    moment = f"CASE WHEN {moment} BETWEEN {FIRST_DAY} AND {LAST_DAY} THEN {moment} END"
    epoch = f"epoch({moment})"  # seconds since 1970, in UTC
    low, high, start, end, read = base.execute(
        f"SELECT min({moment}), max({moment}), min({epoch}), max({epoch}), count({moment}) FROM cells"
    ).fetchall()[0]
    if low is None:
        return _describe_values(base, column, distinct, classes, kind)
    edges = [start + (end - start) / BINS * i for i in range(BINS + 1)] if end > start else [start, start + 86_400]
    bins = count_bins(base, epoch, edges, classes, kind)
    return {"dates": {"min": low.isoformat(), "max": high.isoformat(), "read": read}, "bins": bins}


def _write_moment(base: duckdb.DuckDBPyConnection, key: str) -> str:
    """The column's cells as TIMESTAMP in SQL: ISO 8601, or as `contracts.moments` reads the others."""
    cast = f"try_cast({key} AS TIMESTAMP)"
    rows = base.execute(
        f"SELECT DISTINCT {key} FROM cells WHERE {key} IS NOT NULL AND {cast} IS NULL ORDER BY 1 LIMIT {SAMPLE}"
    ).fetchall()
    formats = ", ".join(quote(name) for name in choose_formats(row[0] for row in rows) if name != ISO)
    return f"coalesce({cast}, try_strptime(trim({key}), [{formats}]))" if rows else cast


def _describe_values(base: duckdb.DuckDBPyConnection, column: Column, distinct: int, classes: list[str], kind: str):
    key = column.key
    mean = "avg(target)" if kind == "number" else "NULL"
    rows = base.execute(
        f"SELECT {key}, count(*) AS n, {mean} FROM cells WHERE {key} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT ?",
        [TOP_VALUES],
    ).fetchall()
    values = [[value[:200], count] for value, count, _ in rows]
    facts: dict[str, Any] = {"values": values}
    if kind == "number":
        facts["value_means"] = [_finite(mean) for _, _, mean in rows]
    elif classes:
        facts["values_by"] = _count_by_class(base, key, [row[0] for row in rows], classes)
    facts["lengths"] = dict(
        zip(
            ("min", "mean", "max"),
            base.execute(f"SELECT min(length({key})), avg(length({key})), max(length({key})) FROM cells").fetchall()[0],
            strict=True,
        )
    )
    if distinct <= 10_000:
        facts["spellings"] = _find_spellings(base, key)
    return facts


def _count_by_class(base: duckdb.DuckDBPyConnection, key: str, values: list[str], classes: list[str]) -> dict:
    by = {name: [0] * len(values) for name in classes[:SHOWN_CLASSES]}
    index = {value: n for n, value in enumerate(values)}
    rows = base.execute(
        f"""SELECT {key}, label, count(*) FROM cells
            WHERE {key} IN (SELECT unnest(?)) AND label IN (SELECT unnest(?)) GROUP BY ALL""",
        [values, list(by)],
    ).fetchall()
    for value, label, count in rows:
        by[label][index[value]] = count
    return by


def _find_spellings(base: duckdb.DuckDBPyConnection, key: str) -> list[list[str]]:
    """Values that differ only by case or spaces: most often one value, typed in two ways."""
    rows = base.execute(
        f"""SELECT list(DISTINCT {key} ORDER BY {key}) FROM cells WHERE {key} IS NOT NULL
            GROUP BY lower(regexp_replace(trim({key}), '[\\s_-]+', ' ', 'g'))
            HAVING count(DISTINCT {key}) > 1 ORDER BY count(*) DESC LIMIT {SPELLINGS}"""
    ).fetchall()
    return [[value[:80] for value in spellings[:4]] for (spellings,) in rows]


def _finite(value: Any) -> Any:
    """JSON knows no infinity: such numbers become None."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
