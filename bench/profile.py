"""The profile of a table of 1,000,000 rows × 50 columns, beside DuckDB's own SUMMARIZE of the same cells."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from bench._product import peak_megabytes

ROWS, NUMBERS, CATEGORIES = 1_000_000, 40, 10
BATCH = 50_000


class Quiet:
    """A report that nobody reads."""

    def progress(self, fraction: float, message: str = "") -> None: ...

    def log(self, message: str, level: str = "info") -> None: ...


def write_items(folder: Path, rows: int) -> None:
    """A manifest and its facts, as a job would hand them to the engine."""
    numbers = ", ".join(f"'n{n}', round(hash(i * {n + 1}) % 100000 / 997.0, 3)" for n in range(NUMBERS))
    words = ", ".join(f"'c{n}', 'value ' || (hash(i + {n}) % {5 + 7 * n})" for n in range(CATEGORIES))
    with duckdb.connect(config={"threads": 2, "memory_limit": "512MB"}) as base:
        base.execute(
            f"""COPY (SELECT i AS item_id, md5(i::VARCHAR) AS content_hash,
                      CASE WHEN i % 10 < 8 THEN 'train' WHEN i % 10 = 8 THEN 'validation' ELSE 'test' END AS split,
                      'class ' || (hash(i) % 5) AS label, NULL::VARCHAR AS blob, NULL::VARCHAR AS text,
                      json_object({numbers}, {words})::VARCHAR AS row, NULL::VARCHAR AS "group"
                      FROM range(1, {rows} + 1) t(i))
                TO '{folder}/items.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {BATCH})"""
        )
        base.execute(
            f"""COPY (SELECT i AS item_id, 1::BIGINT AS collection_id,
                      TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS created_at, NULL::INT AS width,
                      NULL::INT AS height, 10::BIGINT AS byte_size, NULL::INT AS words, NULL::VARCHAR AS language,
                      NULL::BOOLEAN AS is_damaged, NULL::DOUBLE AS brightness, NULL::DOUBLE AS contrast,
                      NULL::DOUBLE AS sharpness, NULL::SMALLINT AS channels, NULL::BOOLEAN AS is_corrupt
                      FROM range(1, {rows} + 1) t(i)) TO '{folder}/facts.parquet' (FORMAT parquet)"""
        )


def summarize_bare(folder: Path) -> float:
    """Seconds DuckDB takes to parse the rows and summarize them: no histograms, no associations, no label."""
    shapes = {f"n{n}": "DOUBLE" for n in range(NUMBERS)} | {f"c{n}": "VARCHAR" for n in range(CATEGORIES)}
    start = time.perf_counter()
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as base:
        source = f"SELECT from_json(row, '{json.dumps(shapes)}') AS r FROM read_parquet('{folder}/items.parquet')"
        base.execute(f"SUMMARIZE SELECT unnest(r) FROM ({source})").fetchall()
    return time.perf_counter() - start


def main(rows: int = ROWS) -> None:
    from lifecycle.contracts.profile import ProfileSpec
    from lifecycle.contracts.training import DatasetFiles
    from workers.engines import profile

    folder = Path(tempfile.mkdtemp(prefix="gm-bench-"))
    try:
        write_items(folder, rows)
        columns = [(f"n{n}", "number") for n in range(NUMBERS)] + [(f"c{n}", "category") for n in range(CATEGORIES)]
        files = DatasetFiles(str(folder / "items.parquet"), str(folder))
        spec = ProfileSpec("row", "class", files, str(folder / "facts.parquet"), tuple(columns))
        before, start = peak_megabytes(), time.perf_counter()
        result = profile.run(spec, workdir=folder, report=Quiet(), should_stop=lambda: False)
        seconds, peak = time.perf_counter() - start, peak_megabytes()
        bare = summarize_bare(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = {
        "what": f"profile of {len(columns)} columns",
        "rows": rows,
        "seconds": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "raw_limit": "DuckDB SUMMARIZE",
        "raw_seconds": round(bare, 1),
        "ratio": round(seconds / bare, 2),
        "peak_mb": round(peak),
        "mb_before": round(before),
        "columns": len(result.profile["columns"]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
