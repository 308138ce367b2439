"""Manifests of dataset versions: Parquet files with the columns of contracts.training.DatasetFiles. Knows no Django."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        ("item_id", pa.int64()),
        ("content_hash", pa.string()),
        ("split", pa.string()),
        ("label", pa.string()),
        ("blob", pa.string()),
        ("text", pa.string()),
        ("row", pa.string()),
        ("group", pa.string()),
    ]
)
CSV_BLOCK_BYTES = 32 << 20  # larger than any row an import lets in
ROW_GROUP_ROWS = 50_000
HISTOGRAM_BINS = 24
MAX_BALANCE_LABELS = 1_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
CHANGES = ("added", "removed", "relabeled", "moved")
# content is compared by hash, so that ids and order do not matter
DIFF = """
    SELECT coalesce(b.content_hash, a.content_hash) AS content_hash, coalesce(b.item_id, a.item_id) AS item_id,
           a.label AS old_label, b.label AS new_label, a.split AS old_split, b.split AS new_split,
           CASE WHEN a.content_hash IS NULL THEN 'added' WHEN b.content_hash IS NULL THEN 'removed'
                WHEN a.label IS DISTINCT FROM b.label THEN 'relabeled' ELSE 'moved' END AS change
    FROM (SELECT item_id, content_hash, label, split FROM read_parquet($a)) a
    FULL JOIN (SELECT item_id, content_hash, label, split FROM read_parquet($b)) b USING (content_hash)
    WHERE a.content_hash IS NULL OR b.content_hash IS NULL OR a.label IS DISTINCT FROM b.label OR a.split <> b.split
"""


@dataclass(frozen=True)
class ManifestFacts:
    """`content_hash` depends on items, labels and splits only: not on their order, ids or the time."""

    content_hash: str
    item_count: int


def write_manifest(source_csv: str | Path, target: str | Path) -> ManifestFacts:
    """From Postgres' CSV (columns of SCHEMA, no header, sorted by content_hash) to Parquet, streaming."""
    reader = pa_csv.open_csv(
        source_csv,
        read_options=pa_csv.ReadOptions(column_names=SCHEMA.names, block_size=CSV_BLOCK_BYTES, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    digest, count = hashlib.sha256(), 0
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        for batch in reader:
            digest.update(_fingerprint(batch))
            count += batch.num_rows
            writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
    return ManifestFacts(digest.hexdigest(), count)


def write_empty_manifest(target: str | Path) -> ManifestFacts:
    pq.write_table(SCHEMA.empty_table(), target, compression="zstd")
    return ManifestFacts(hashlib.sha256().hexdigest(), 0)


def _fingerprint(batch: pa.RecordBatch) -> bytes:
    label = pc.coalesce(batch["label"], pa.scalar("\x00"))
    lines = pc.binary_join_element_wise(batch["content_hash"], batch["split"], label, pa.scalar("\n"), "\x1f")
    return _content_of(lines)


def _content_of(lines: pa.StringArray) -> bytes:
    offsets, content = lines.buffers()[1], lines.buffers()[2]
    width = 8 if pa.types.is_large_string(lines.type) else 4
    ends = memoryview(offsets).cast("q" if width == 8 else "i")
    return memoryview(content)[ends[lines.offset] : ends[lines.offset + len(lines)]] if content else b""


def summarize(path: str | Path, *, is_numeric: bool) -> dict[str, Any]:
    """{"splits": {split: items}, "labeled": {split: labeled}, "balance": {split: {label: n}}} or, for numbers,
    {"histogram": {"edges": […], "counts": {split: […]}}} in place of the balance."""
    with _connect() as base:
        base.execute("CREATE VIEW m AS SELECT split, label FROM read_parquet('" + _quoted(path) + "')")
        rows = base.execute("SELECT split, count(*), count(label) FROM m GROUP BY split ORDER BY split").fetchall()
        facts: dict[str, Any] = {
            "splits": {split: items for split, items, _ in rows},
            "labeled": {split: labeled for split, _, labeled in rows},
        }
        facts |= {"histogram": _histogram(base)} if is_numeric else {"balance": _balance(base)}
    return facts


def _balance(base: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    found = base.execute(
        "SELECT split, label, count(*) AS n FROM m WHERE label IS NOT NULL GROUP BY ALL ORDER BY n DESC, label LIMIT ?",
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
        """SELECT split, least(floor((label::DOUBLE - $low) / $width), $last)::INTEGER AS bin, count(*)
           FROM m WHERE label IS NOT NULL GROUP BY ALL""",
        {"low": low, "width": width, "last": HISTOGRAM_BINS - 1},
    ).fetchall()
    counts: dict[str, list[int]] = {}
    for split, place, count in found:
        counts.setdefault(split, [0] * HISTOGRAM_BINS)[place] = count
    return {"edges": [low + width * i for i in range(HISTOGRAM_BINS + 1)], "counts": counts}


def count_changes(old: str | Path, new: str | Path) -> dict[str, int]:
    """How many items were added, removed, relabeled or moved between splits (moved is 0 unless a promise broke)."""
    with _connect() as base:
        found = dict(base.execute(f"SELECT change, count(*) FROM ({DIFF}) GROUP BY change", _pair(old, new)).fetchall())
    return {change: found.get(change, 0) for change in CHANGES}


def list_changes(old: str | Path, new: str | Path, *, change: str, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """One page of the items that changed in one way, in the order they came in."""
    with _connect() as base:
        cursor = base.execute(
            f"SELECT * FROM ({DIFF}) WHERE change = $change ORDER BY item_id, content_hash LIMIT $limit OFFSET $offset",
            {**_pair(old, new), "change": change, "limit": limit, "offset": offset},
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def list_rows(
    path: str | Path,
    *,
    limit: int,
    offset: int = 0,
    split: str = "",
    label: str | None = None,
    is_unlabeled: bool = False,
) -> tuple[list[dict[str, Any]], int]:
    """One page of a version's items (item_id, split, label), and how many match."""
    where, values = _conditions(split, label, is_unlabeled)
    source = f"FROM read_parquet('{_quoted(path)}') {where}"
    with _connect() as base:
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


def find_rows(path: str | Path, item_ids: list[int]) -> dict[int, dict[str, Any]]:
    """item id -> {"split", "label"} for those of the ids that are in the manifest."""
    with _connect() as base:
        found = base.execute(
            f"SELECT item_id, split, label FROM read_parquet('{_quoted(path)}') WHERE item_id IN (SELECT unnest(?))",
            [item_ids],
        ).fetchall()
    return {item_id: {"split": split, "label": label} for item_id, split, label in found}


def stream_csv(path: str | Path) -> Iterator[bytes]:
    """The manifest as CSV in which no cell can start a formula in a spreadsheet."""
    with pq.ParquetFile(path) as source:
        header = True
        for batch in source.iter_batches(batch_size=5_000):
            columns = [_disarm(column) if pa.types.is_string(column.type) else column for column in batch.columns]
            sink = pa.BufferOutputStream()
            pa_csv.write_csv(
                pa.RecordBatch.from_arrays(columns, names=batch.schema.names),
                sink,
                pa_csv.WriteOptions(include_header=header),
            )
            header = False
            yield sink.getvalue().to_pybytes()
        if header:
            yield (",".join(f'"{name}"' for name in SCHEMA.names) + "\n").encode()


def _disarm(column: pa.Array) -> pa.Array:
    """Put an apostrophe before what a spreadsheet would run; numbers stay numbers."""
    starts = pc.match_substring_regex(column, r"^[\s\x00]*[=+\-@\t\r]")
    numeric = pc.match_substring_regex(column, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    armed = pc.fill_null(pc.and_(starts, pc.invert(numeric)), False)
    return pc.if_else(armed, pc.binary_join_element_wise(pa.scalar("'"), column, ""), column)


def _pair(old: str | Path, new: str | Path) -> Mapping[str, str]:
    return {"a": str(old), "b": str(new)}


def _quoted(path: str | Path) -> str:
    return str(path).replace("'", "''")


def _connect() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
