"""Manifests in pieces: Parquet chunks by range of item ids, an index of them, and one hash over all. Knows no Django.

A commit rewrites only the chunks in which an item changed; a diff, a download and a training of a newer version look
only at chunks that differ. The content hash does not depend on how the items are cut into chunks.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from lifecycle.datasets import hashing

CHUNK_BITS = 14  # item ids per chunk: 2 to this power
FORMAT = 2
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
        ("result", pa.string()),  # Label Studio regions, where the label alone does not say it all
        ("annotation_id", pa.int64()),
        ("collection_id", pa.int64()),
        ("mime", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("byte_size", pa.int64()),
        ("event_time", pa.timestamp("us")),  # UTC
    ]
)
CSV_BLOCK_BYTES = 32 << 20  # larger than any row an import lets in
ROW_GROUP_ROWS = 4_096  # sorted by content hash, so that one bucket is in few of them
BATCH_ROWS = 50_000
SORTED_BYTES = 64 << 20
REPEATING = ["split", "label", "group", "mime", "collection_id", "width", "height", "byte_size",
             "event_time"]  # fmt: skip
PARQUET = {"compression": "zstd", "compression_level": 1, "use_dictionary": REPEATING,
           "write_statistics": ["content_hash", "item_id"]}  # fmt: skip
MEMORY = "1GB"


@dataclass(frozen=True)
class Chunk:
    """The items with ids from ``number << CHUNK_BITS``, as a Parquet blob."""

    number: int
    blob: str
    rows: int
    byte_size: int
    splits: Mapping[str, int] | None = None  # rows by split; None: written before this was noted


@dataclass(frozen=True)
class ManifestIndex:
    """A version's chunks by number, and the digest of the content behind each first byte of a content hash."""

    chunks: tuple[Chunk, ...]
    buckets: tuple[str, ...]

    @property
    def content_hash(self) -> str:
        """Depends on items, labels and splits only: not on their order, ids or the time."""
        return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in self.buckets)).hexdigest()

    @property
    def item_count(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)

    def to_json(self) -> bytes:
        """As it is stored in a blob: the same index, the same bytes."""
        chunks = [[c.number, c.blob, c.rows, c.byte_size, c.splits] for c in self.chunks]
        return json.dumps({"format": FORMAT, "chunks": chunks, "buckets": list(self.buckets)}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> ManifestIndex:
        """The index that `to_json` wrote."""
        raw = json.loads(content)
        return cls(tuple(Chunk(*chunk) for chunk in raw["chunks"]), tuple(raw["buckets"]))


def write_chunk(source_csv: str | Path, target: str | Path, lines: str | Path) -> Counter[str]:
    """From Postgres' CSV (columns of SCHEMA, no header) to Parquet in the order of content hashes, and beside it the
    lines that `hashing.hash_content` would read again. Returns how many rows each split has.

    A chunk of more than SORTED_BYTES is not sorted here, so that memory stays flat: it has to come sorted.
    """
    options = _describe_csv()
    if Path(source_csv).stat().st_size <= SORTED_BYTES:
        table = pa_csv.read_csv(source_csv, **options).combine_chunks()
        batches: Iterable[pa.RecordBatch] = table.take(pc.sort_indices(table["content_hash"])).to_batches()
    else:
        batches = pa_csv.open_csv(source_csv, **options)
    counts: Counter[str] = Counter()
    with pq.ParquetWriter(target, SCHEMA, **PARQUET) as writer, pa.ipc.new_file(lines, hashing.LINE_SCHEMA) as beside:
        for batch in batches:
            counts.update(count_splits(batch["split"]))
            writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
            beside.write_batch(pa.record_batch([hashing.to_lines(batch)], schema=hashing.LINE_SCHEMA))
    return counts


def count_splits(column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """How often each split is named."""
    return {found["values"]: found["counts"] for found in pc.value_counts(column).to_pylist()}


def note_splits(chunk: Chunk, path: Path) -> Chunk:
    """The chunk with its rows by split; one that was written before these were noted is looked through once."""
    if chunk.splits is not None:
        return chunk
    return replace(chunk, splits=count_splits(pq.read_table(path, columns=["split"])["split"]))


def _describe_csv() -> dict[str, Any]:
    return {
        "read_options": pa_csv.ReadOptions(column_names=SCHEMA.names, block_size=CSV_BLOCK_BYTES, use_threads=False),
        "parse_options": pa_csv.ParseOptions(newlines_in_values=True),
        "convert_options": pa_csv.ConvertOptions(
            column_types=SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    }


def assemble(paths: Sequence[str | Path], target: Path) -> Path:
    """All chunks as one Parquet file in the order of content hashes, for readers that want one file."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    os.close(handle)
    try:
        with pq.ParquetWriter(temporary, SCHEMA, compression="zstd", compression_level=1) as writer, connect() as base:
            base.execute(f"SET temp_directory = '{quote(str(target.parent))}'")
            names = ", ".join(f'"{name}"' for name in SCHEMA.names)
            query = f"SELECT {names} FROM {name_source(paths)} ORDER BY content_hash"
            for batch in base.sql(query).to_arrow_reader(BATCH_ROWS):
                writer.write_batch(batch.cast(SCHEMA))
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def name_source(paths: Sequence[str | Path]) -> str:
    """What to write after FROM: the chunks as one relation with all columns of SCHEMA, also those of format 1."""
    if not paths:
        return f"(SELECT {', '.join(_null(name) for name in SCHEMA.names)} WHERE false)"
    files = ", ".join(f"'{quote(str(path))}'" for path in paths)
    there = set(pq.read_schema(paths[0]).names)
    if len(there) < len(SCHEMA):  # a chunk that stayed from before a column was there, beside newer ones
        there = there.union(*(pq.read_schema(path).names for path in paths[1:]))
    nulls = [_null(name) for name in SCHEMA.names if name not in there]
    return f"(SELECT {', '.join(['*', *nulls])} FROM read_parquet([{files}], union_by_name = true))"


def _null(name: str) -> str:
    kinds = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.timestamp("us"): "TIMESTAMP"}
    return f'NULL::{kinds[SCHEMA.field(name).type]} AS "{name}"'


def quote(text: str) -> str:
    """For use between single quotes in SQL."""
    return text.replace("'", "''")


def connect() -> duckdb.DuckDBPyConnection:
    """An empty base in memory, with as much of the machine as a web worker may take."""
    return duckdb.connect(config={"threads": 2, "memory_limit": MEMORY})
