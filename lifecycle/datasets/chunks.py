"""Manifests in pieces: Parquet chunks by range of item ids, an index of them, and one hash over all. Knows no Django.

A commit rewrites only the chunks in which an item changed; a diff, a download and a training of a newer version look
only at chunks that differ. The content hash does not depend on how the items are cut into chunks.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

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
    ]
)
CSV_BLOCK_BYTES = 32 << 20  # larger than any row an import lets in
ROW_GROUP_ROWS = 4_096  # sorted by content hash, so that one bucket is in few of them
BATCH_ROWS = 50_000
BUCKETS = tuple(f"{number:02x}" for number in range(256))
EMPTY = hashlib.sha256().digest()
LINE_COLUMNS = ["content_hash", "split", "label", "result"]
MANY_BUCKETS = 64  # from here on it is cheaper to read everything
MEMORY = "1GB"


@dataclass(frozen=True)
class Chunk:
    """The items with ids from ``number << CHUNK_BITS``, as a Parquet blob."""

    number: int
    blob: str
    rows: int
    byte_size: int


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
        chunks = [[c.number, c.blob, c.rows, c.byte_size] for c in self.chunks]
        return json.dumps({"format": FORMAT, "chunks": chunks, "buckets": list(self.buckets)}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> ManifestIndex:
        """The index that `to_json` wrote."""
        raw = json.loads(content)
        return cls(tuple(Chunk(*chunk) for chunk in raw["chunks"]), tuple(raw["buckets"]))


def write_chunk(source_csv: str | Path, target: str | Path) -> int:
    """From Postgres' CSV (columns of SCHEMA, no header) to Parquet, streaming; returns the number of rows."""
    reader = pa_csv.open_csv(
        source_csv,
        read_options=pa_csv.ReadOptions(column_names=SCHEMA.names, block_size=CSV_BLOCK_BYTES, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    count = 0
    with pq.ParquetWriter(target, SCHEMA, compression="zstd", compression_level=1) as writer:
        for batch in reader:
            count += batch.num_rows
            writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
    return count


def find_changed_buckets(old: Iterable[str | Path], new: Iterable[str | Path]) -> set[str]:
    """The buckets of items that are in one of the two sets of chunks only, or differ in label or split."""
    sides = [{line for path in paths for line in _read_lines(path)} for paths in (old, new)]
    return {line[:2] for line in sides[0] ^ sides[1]}


def _read_lines(path: str | Path) -> list[str]:
    return _to_lines(pq.read_table(path, columns=LINE_COLUMNS).combine_chunks()).to_pylist()


def hash_content(paths: Sequence[str | Path], known: Sequence[str] = (), changed: set[str] | None = None) -> list[str]:
    """The digest of every bucket: SHA-256 over its lines in the order of their content hashes.

    With `known` digests of an earlier version only the `changed` buckets are read again.
    """
    digests = list(known) if known and changed is not None else [EMPTY.hex()] * len(BUCKETS)
    wanted = sorted(changed) if known and changed is not None and len(changed) < MANY_BUCKETS else list(BUCKETS)
    if not wanted:
        return digests
    running = {bucket: hashlib.sha256() for bucket in wanted}
    condition = _within(wanted) if len(wanted) < len(BUCKETS) else ""
    query = f"SELECT {', '.join(LINE_COLUMNS)} FROM {name_source(paths)} {condition} ORDER BY content_hash"
    with connect() as base:
        for batch in base.sql(query).to_arrow_reader(BATCH_ROWS):
            _feed(running, _to_lines(batch))
    for bucket, digest in running.items():
        digests[int(bucket, 16)] = digest.hexdigest()
    return digests


def _within(buckets: Sequence[str]) -> str:
    # ranges, not prefixes: a reader skips the row groups whose statistics lie outside
    return "WHERE " + " OR ".join(f"content_hash BETWEEN '{bucket}' AND '{bucket}g'" for bucket in buckets)


def _feed(running: dict[str, hashlib._Hash], lines: pa.StringArray) -> None:
    starts = pc.utf8_slice_codeunits(lines, 0, 2)
    at = 0
    for counted in pc.value_counts(starts).to_pylist():  # sorted: equal ones are neighbors, and in order
        bucket, count = counted["values"], counted["counts"]
        running[bucket].update(_content_of(lines[at : at + count]))
        at += count


def _to_lines(batch: pa.RecordBatch | pa.Table) -> pa.StringArray:
    """``hash split label [regions]``, one line an item."""
    label = pc.coalesce(batch["label"], pa.scalar("\x00"))
    result = pc.if_else(pc.is_valid(batch["result"]), pc.binary_join_element_wise("\x1e", batch["result"], ""), "")
    label = pc.binary_join_element_wise(label, pc.coalesce(result, ""), "")
    lines = pc.binary_join_element_wise(batch["content_hash"], batch["split"], label, "\n", "\x1f")
    return lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines


def _content_of(lines: pa.StringArray) -> memoryview | bytes:
    offsets, content = lines.buffers()[1], lines.buffers()[2]
    width = 8 if pa.types.is_large_string(lines.type) else 4
    ends = memoryview(offsets).cast("q" if width == 8 else "i")
    return memoryview(content)[ends[lines.offset] : ends[lines.offset + len(lines)]] if content else b""


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
    nulls = [_null(name) for name in SCHEMA.names if name not in there]
    return f"(SELECT {', '.join(['*', *nulls])} FROM read_parquet([{files}]))"


def _null(name: str) -> str:
    kinds = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER"}
    return f'NULL::{kinds[SCHEMA.field(name).type]} AS "{name}"'


def quote(text: str) -> str:
    """For use between single quotes in SQL."""
    return text.replace("'", "''")


def connect() -> duckdb.DuckDBPyConnection:
    """An empty base in memory, with as much of the machine as a web worker may take."""
    return duckdb.connect(config={"threads": 2, "memory_limit": MEMORY})
