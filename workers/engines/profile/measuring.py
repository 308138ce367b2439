"""Measures every text or picture that no earlier profile has measured, batch by batch, into a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.profile import ProfileSpec
from workers.engines.profile import pictures, texts
from workers.engines.profile.cells import quote

FACTS = pa.schema(
    [
        ("item_id", pa.int64()),
        ("words", pa.int32()),
        ("language", pa.string()),
        ("is_damaged", pa.bool_()),
        ("brightness", pa.float64()),
        ("contrast", pa.float64()),
        ("sharpness", pa.float64()),
        ("channels", pa.int16()),
        ("is_corrupt", pa.bool_()),
    ]
)
BATCH = 2_000
READERS = 2


def measure(spec: ProfileSpec, base: duckdb.DuckDBPyConnection, target: Path, report: Report, stop: ShouldStop) -> int:
    """Write what is new to `target`, in the columns FACTS; returns how many items were measured."""
    pick = {"text": _measure_texts, "image": _measure_pictures}.get(spec.item_kind)
    if pick is None:
        return 0
    done = 0
    with pq.ParquetWriter(target, FACTS, compression="zstd") as writer:
        for rows, share in pick(spec, base):
            if stop():
                raise Canceled
            writer.write_table(pa.Table.from_pylist(rows, schema=FACTS))
            done += len(rows)
            report.progress(0.05 + 0.5 * share, f"Measured {done:,} new items")
    return done


def _measure_texts(spec: ProfileSpec, base: duckdb.DuckDBPyConnection) -> Iterator[tuple[list[dict[str, Any]], float]]:
    left = spec.max_languages
    for batch, share in _read_new(spec, base, "text", "f.words IS NULL OR f.language IS NULL", spec.max_languages):
        rows = []
        for item_id, text, is_counted in batch:
            language = None
            if left > 0:
                language, left = texts.find_language(text), left - 1
            row = {"item_id": item_id, "language": language}
            if not is_counted:
                row |= {"words": len(text.split()), "is_damaged": texts.is_damaged(text)}
            rows.append(row)
        yield rows, share


def _measure_pictures(spec: ProfileSpec, base: duckdb.DuckDBPyConnection) -> Iterator[tuple[list[dict], float]]:
    def look(line: tuple[int, str, bool]) -> dict[str, Any]:
        item_id, blob, _ = line
        path = pictures.find_blob(spec.dataset.blob_dir, blob)
        facts = pictures.measure_picture(path.read_bytes()) if path.exists() else pictures.PictureFacts(is_corrupt=True)
        return {"item_id": item_id, **vars(facts)}

    with ThreadPoolExecutor(READERS) as pool:
        for batch, share in _read_new(spec, base, "blob", "f.is_corrupt IS NULL", None):
            yield list(pool.map(look, batch)), share


def _read_new(
    spec: ProfileSpec, base: duckdb.DuckDBPyConnection, field: str, is_new: str, limit: int | None
) -> Iterator[tuple[list[tuple[int, str, bool]], float]]:
    """Batches of (item id, content, whether it was counted before) not measured yet, with the share read."""
    source = f"""FROM read_parquet({quote(spec.dataset.manifest_path)}) m
                 LEFT JOIN read_parquet({quote(spec.facts_path)}) f USING (item_id)
                 WHERE m.{field} IS NOT NULL AND ({is_new})"""
    uncounted = f"{source} AND f.words IS NULL" if field == "text" else source
    total = base.execute(f"SELECT count(*) {source}").fetchall()[0][0] or 1
    # Those never seen come first; of the others only as many as languages are looked up.
    parts = [f"SELECT m.item_id, m.{field}, FALSE {uncounted}"]
    if limit is not None:
        parts.append(f"SELECT m.item_id, m.{field}, TRUE {source} AND f.words IS NOT NULL LIMIT {limit}")
    seen = 0
    for part in parts:
        cursor = base.cursor().execute(part)
        while rows := cursor.fetchmany(BATCH):
            seen += len(rows)
            yield rows, min(1.0, seen / total)
