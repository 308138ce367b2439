"""What manifests say: numbers, pages of rows, differences, CSV. A manifest is a list of chunks. Knows no Django."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from lifecycle.datasets.chunks import SCHEMA, connect, name_source

Paths = Sequence[str | Path]
HISTOGRAM_BINS = 24
MAX_BALANCE_LABELS = 1_000
CHANGES = ("added", "removed", "relabeled", "moved", "redated")
DIFF = """
    SELECT coalesce(b.content_hash, a.content_hash) AS content_hash, coalesce(b.item_id, a.item_id) AS item_id,
           a.label AS old_label, b.label AS new_label, a.split AS old_split, b.split AS new_split,
           a.annotation_id AS old_annotation_id, b.annotation_id AS new_annotation_id,
           CASE WHEN a.content_hash IS NULL THEN 'added' WHEN b.content_hash IS NULL THEN 'removed'
                WHEN a.label IS DISTINCT FROM b.label OR a.result IS DISTINCT FROM b.result THEN 'relabeled'
                WHEN a.split <> b.split THEN 'moved' ELSE 'redated' END AS change,
           a.event_time AS old_event_time, b.event_time AS new_event_time
    FROM (SELECT {columns} FROM {old}) a FULL JOIN (SELECT {columns} FROM {new}) b USING (content_hash)
    WHERE a.content_hash IS NULL OR b.content_hash IS NULL OR a.label IS DISTINCT FROM b.label
       OR a.result IS DISTINCT FROM b.result OR a.split <> b.split OR a.event_time IS DISTINCT FROM b.event_time
"""
DIFF_COLUMNS = "item_id, content_hash, label, result, split, annotation_id, event_time"


def summarize(paths: Paths, *, is_numeric: bool) -> dict[str, Any]:
    """{"splits": {split: items}, "labeled": {split: labeled}, "collections": {collection id: items}, "balance":
    {split: {label: n}}} or, for numbers, {"histogram": {"edges": […], "counts": {split: […]}}} in place of the balance;
    and "dates" as `_summarize_dates` has them.
    """
    with connect() as base:
        base.execute(
            f"""CREATE TABLE m AS SELECT split, label, collection_id, count(*) AS n, count(label) AS labeled
                FROM {name_source(paths)} GROUP BY ALL"""
        )
        rows = base.execute("SELECT split, sum(n), sum(labeled) FROM m GROUP BY split ORDER BY split").fetchall()
        found = base.execute(
            "SELECT collection_id, sum(n) FROM m GROUP BY 1 HAVING collection_id IS NOT NULL"
        ).fetchall()
        facts: dict[str, Any] = {
            "splits": {split: int(items) for split, items, _ in rows},
            "labeled": {split: int(labeled) for split, _, labeled in rows},
            "collections": {str(collection): int(items) for collection, items in sorted(found)},
        }
        facts |= _summarize_dates(base, paths)
        facts |= {"histogram": _histogram(base)} if is_numeric else {"balance": _balance(base)}
    return facts


def _summarize_dates(base: duckdb.DuckDBPyConnection, paths: Paths) -> dict[str, Any]:
    """{"dates": {"items", "first", "last"}} of the moments that items are of; {} where none has one."""
    count, first, last = base.execute(
        f"SELECT count(event_time), min(event_time), max(event_time) FROM {name_source(paths)}"
    ).fetchall()[0]
    if not count:
        return {}
    return {"dates": {"items": count, "first": f"{first.isoformat()}Z", "last": f"{last.isoformat()}Z"}}


def _balance(base: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    found = base.execute(
        """SELECT split, label, sum(n)::BIGINT AS n FROM m WHERE label IS NOT NULL
           GROUP BY ALL ORDER BY n DESC, label LIMIT ?""",
        [MAX_BALANCE_LABELS * 3],
    ).fetchall()
    balance: dict[str, dict[str, int]] = {}
    for split, label, count in found:
        balance.setdefault(split, {})[label] = count
    return balance


def _histogram(base: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    low, high = base.execute("SELECT min(label::DOUBLE), max(label::DOUBLE) FROM m").fetchall()[0]
    if low is None or not math.isfinite(high - low):
        return {"edges": [], "counts": {}}
    width = (high - low) / HISTOGRAM_BINS or 1.0
    found = base.execute(
        """SELECT split, least(floor((label::DOUBLE - $low) / $width), $last)::INTEGER AS bin, sum(n)::BIGINT
           FROM m WHERE label IS NOT NULL GROUP BY ALL""",
        {"low": low, "width": width, "last": HISTOGRAM_BINS - 1},
    ).fetchall()
    counts: dict[str, list[int]] = {}
    for split, place, count in found:
        counts.setdefault(split, [0] * HISTOGRAM_BINS)[place] = count
    return {"edges": [low + width * i for i in range(HISTOGRAM_BINS + 1)], "counts": counts}


def count_changes(old: Paths, new: Paths) -> dict[str, int]:
    """How many items were added, removed, relabeled, moved between splits (0 unless a promise broke) or given another
    event time."""
    with connect() as base:
        found = dict(base.execute(f"SELECT change, count(*) FROM ({_diff(old, new)}) GROUP BY change").fetchall())
    return {change: found.get(change, 0) for change in CHANGES}


def list_changes(old: Paths, new: Paths, *, change: str, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """One page of the items that changed in one way, in the order they came in."""
    with connect() as base:
        cursor = base.execute(
            f"SELECT * FROM ({_diff(old, new)}) WHERE change = $change ORDER BY item_id, content_hash "
            "LIMIT $limit OFFSET $offset",
            {"change": change, "limit": limit, "offset": offset},
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _diff(old: Paths, new: Paths) -> str:
    # content is compared by hash, so that ids and order do not matter
    return DIFF.format(old=name_source(old), new=name_source(new), columns=DIFF_COLUMNS)


def list_rows(
    paths: Paths,
    *,
    limit: int,
    offset: int = 0,
    split: str = "",
    label: str | None = None,
    is_unlabeled: bool = False,
) -> tuple[list[dict[str, Any]], int]:
    """One page of a version's items (item_id, split, label), and how many match."""
    where, values = _conditions(split, label, is_unlabeled)
    source = f"FROM {name_source(paths)} {where}"
    with connect() as base:
        total = base.execute(f"SELECT count(*) {source}", values).fetchall()[0][0]
        found = base.execute(
            f"SELECT item_id, split, label {source} ORDER BY item_id LIMIT {int(limit)} OFFSET {int(offset)}", values
        ).fetchall()
    return [{"item_id": i, "split": s, "label": name} for i, s, name in found], total


def _conditions(split: str, label: str | None, is_unlabeled: bool) -> tuple[str, list[Any]]:
    terms, values = [], []
    if split:
        terms.append("split = ?")
        values.append(split)
    if is_unlabeled:
        terms.append("label IS NULL")
    elif label is not None:
        terms.append("label = ?")
        values.append(label)
    return ("WHERE " + " AND ".join(terms) if terms else ""), values


def find_rows(paths: Paths, item_ids: list[int]) -> dict[int, dict[str, Any]]:
    """item id -> {"split", "label"} for those of the ids that are in the manifest."""
    with connect() as base:
        found = base.execute(
            f"SELECT item_id, split, label FROM {name_source(paths)} WHERE item_id IN (SELECT unnest(?))", [item_ids]
        ).fetchall()
    return {item_id: {"split": split, "label": label} for item_id, split, label in found}


def list_runs(paths: Paths, column: str, collections: Sequence[int] | None = None) -> tuple[list[int], list[int]]:
    """The ids in a column (item_id, annotation_id) as runs without a gap: their first and their last ones. A million
    ids that came in together are one run: so little it takes to ask the database about them."""
    found = [np.empty(0, np.int64)]
    for batch in read_batches(paths, (column, "collection_id")):
        ids, source = batch.columns
        if collections is not None:
            ids = ids.filter(pc.is_in(source, pa.array(collections, source.type)))
        found.append(ids.drop_null().to_numpy())
    ids = np.unique(np.concatenate(found))
    gaps = np.flatnonzero(np.diff(ids) > 1)
    firsts, lasts = np.concatenate([ids[:1], ids[gaps + 1]]), np.concatenate([ids[gaps], ids[-1:]])
    return firsts.tolist(), lasts.tolist()


def stream_csv(paths: Paths, columns: Sequence[str] = SCHEMA.names) -> Iterator[bytes]:
    """The manifest as CSV in which no cell can start a formula in a spreadsheet."""
    yield (",".join(f'"{name}"' for name in columns) + "\n").encode()
    options = pa_csv.WriteOptions(include_header=False)
    for batch in read_batches(paths, columns, rows=5_000):
        cells = [_disarm(column) if pa.types.is_string(column.type) else column for column in batch.columns]
        sink = pa.BufferOutputStream()
        pa_csv.write_csv(pa.RecordBatch.from_arrays(cells, names=batch.schema.names), sink, options)
        yield sink.getvalue().to_pybytes()


def read_batches(
    paths: Paths, columns: Sequence[str] = SCHEMA.names, *, rows: int = 16_384
) -> Iterator[pa.RecordBatch]:
    """All rows, chunk by chunk, with null columns where a manifest of format 1 has none."""
    for path in paths:
        with pq.ParquetFile(path) as source:
            there = [name for name in columns if name in source.schema_arrow.names]
            for batch in source.iter_batches(batch_size=rows, columns=there):
                arrays = [
                    batch[name] if name in there else pa.nulls(batch.num_rows, SCHEMA.field(name).type)
                    for name in columns
                ]
                yield pa.RecordBatch.from_arrays(arrays, names=list(columns))


def stream_parquet(paths: Paths) -> Iterator[bytes]:
    """The manifest as one Parquet file, written as it is sent."""
    sink = _Drain()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", compression_level=1) as writer:
        for batch in read_batches(paths):
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


class _Drain:
    """A file that is read while it is written: `take` hands out what came since."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.position = 0
        self.closed = False

    def write(self, content: Any) -> int:
        self.parts.append(bytes(content))
        self.position += len(self.parts[-1])
        return len(self.parts[-1])

    def tell(self) -> int:
        return self.position

    def flush(self) -> None:
        """Nothing is held back."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        content, self.parts = b"".join(self.parts), []
        return content


def _disarm(column: pa.Array) -> pa.Array:
    """Put an apostrophe before what a spreadsheet would run; numbers stay numbers."""
    starts = pc.match_substring_regex(column, r"^[\s\x00]*[=+\-@\t\r]")
    numeric = pc.match_substring_regex(column, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    armed = pc.fill_null(pc.and_(starts, pc.invert(numeric)), False)
    return pc.if_else(armed, pc.binary_join_element_wise(pa.scalar("'"), column, ""), column)
