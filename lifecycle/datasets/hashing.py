"""One hash over what a version says of its items, whatever chunks they are in. Knows no Django.

Every item is a line, ``hash split label [regions] [moment]``. Lines fall into 256 buckets by the first byte of the
content hash; a bucket's digest is over its lines in order, so that a commit hashes again only the buckets in which a
line changed.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BUCKETS = tuple(f"{number:02x}" for number in range(256))
EMPTY = hashlib.sha256().digest()
LINE_COLUMNS = ["content_hash", "split", "label", "result", "event_time"]
LINE_SCHEMA = pa.schema([("line", pa.string())])
MANY_BUCKETS = 64  # from here on it is cheaper to read everything
PORTION_BYTES = 32 << 20  # of lines that a thread sorts at once
THREADS = 2
BEYOND = "g"  # sorts behind every hexadecimal digit


def to_lines(batch: pa.RecordBatch | pa.Table) -> pa.StringArray:
    """One line an item, from a batch with LINE_COLUMNS."""
    label = pc.coalesce(batch["label"], pa.scalar("\x00"))
    if batch["result"].null_count < batch.num_rows:
        result = pc.if_else(pc.is_valid(batch["result"]), pc.binary_join_element_wise("\x1e", batch["result"], ""), "")
        label = pc.binary_join_element_wise(label, pc.coalesce(result, ""), "")
    if batch["event_time"].null_count < batch.num_rows:  # without any, lines are what they were before items had some
        moment = pc.cast(pc.cast(batch["event_time"], pa.int64()), pa.string())
        label = pc.binary_join_element_wise(label, pc.coalesce(pc.binary_join_element_wise("\x1d", moment, ""), ""), "")
    lines = pc.binary_join_element_wise(batch["content_hash"], batch["split"], label, "\n", "\x1f")
    return lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines


def find_changed_buckets(old: Iterable[str | Path], new: Iterable[str | Path]) -> set[str]:
    """The buckets of items that are in one of the two sets of chunks only, or differ in label or split."""
    sides = [{line for path in paths for part in _read_chunk(path, BUCKETS) for line in part.to_pylist()}
             for paths in (old, new)]  # fmt: skip
    return {line[:2] for line in sides[0] ^ sides[1]}


def hash_content(
    paths: Sequence[str | Path],
    known: Sequence[str] = (),
    changed: set[str] | None = None,
    written: Mapping[Path, Path] | None = None,
) -> list[str]:
    """The digest of every bucket: SHA-256 over its lines in the order of their content hashes.

    With `known` digests of an earlier version only the `changed` buckets are read again. `written` says which chunks
    have their sorted lines beside them, as chunks.write_chunk leaves them.
    """
    digests = list(known) if known and changed is not None else [EMPTY.hex()] * len(BUCKETS)
    wanted = sorted(changed) if known and changed is not None and len(changed) < MANY_BUCKETS else list(BUCKETS)
    places = written or {}

    def digest(portion: Sequence[str]) -> dict[str, str]:
        running = {bucket: hashlib.sha256() for bucket in portion}
        parts = [part for path in paths for part in _read_lines(path, portion, places.get(Path(path))) if len(part)]
        if parts:
            lines = pa.concat_arrays(parts)
            _feed(running, lines.take(pc.sort_indices(lines)))
        return {bucket: found.hexdigest() for bucket, found in running.items()}

    size = sum(_measure(path, places.get(Path(path))) for path in paths)
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(digest, _cut(wanted, size)):
            for bucket, one in found.items():
                digests[int(bucket, 16)] = one
    return digests


def _cut(wanted: Sequence[str], byte_size: int) -> Iterator[Sequence[str]]:
    """Buckets that are sorted at once, so that memory stays flat."""
    count = max(1, PORTION_BYTES * len(BUCKETS) // max(byte_size, 1))
    for start in range(0, len(wanted), count):
        yield wanted[start : start + count]


def _measure(path: str | Path, lines: Path | None) -> int:
    """About how many bytes the lines of a chunk take."""
    if lines:
        return lines.stat().st_size
    with pq.ParquetFile(path) as source:
        facts = source.metadata
        places = [n for n, name in enumerate(source.schema_arrow.names) if name in LINE_COLUMNS]
        groups = (facts.row_group(number) for number in range(facts.num_row_groups))
        return sum(group.column(place).total_uncompressed_size for group in groups for place in places)


def _read_lines(path: str | Path, buckets: Sequence[str], lines: Path | None) -> Iterator[pa.StringArray]:
    """A chunk's lines in these buckets, not in order."""
    if lines is None:
        yield from _read_chunk(path, buckets)
        return
    with pa.memory_map(str(lines)) as source:
        reader = pa.ipc.open_file(source)
        for number in range(reader.num_record_batches):
            yield _slice_sorted(reader.get_batch(number)["line"], buckets)


def _slice_sorted(lines: pa.StringArray, buckets: Sequence[str]) -> pa.StringArray:
    def read(place: int) -> str:
        return lines[place].as_py()

    if len(buckets) == len(BUCKETS):
        return lines
    places = range(len(lines))
    first = bisect.bisect_left(places, buckets[0], key=read)
    last = bisect.bisect_left(places, buckets[-1] + BEYOND, key=read)
    return _among(lines.slice(first, last - first), buckets)


def _read_chunk(path: str | Path, buckets: Sequence[str]) -> Iterator[pa.StringArray]:
    with pq.ParquetFile(path) as source:
        place = source.schema_arrow.names.index("content_hash")
        there = [name for name in LINE_COLUMNS if name in source.schema_arrow.names]
        for number in range(source.num_row_groups):
            statistics = source.metadata.row_group(number).column(place).statistics
            if not _may_hold(statistics, buckets):
                continue
            table = source.read_row_group(number, columns=there, use_threads=False)
            for name in set(LINE_COLUMNS) - set(there):  # a manifest of format 1
                table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
            yield to_lines(table.filter(_is_among(table["content_hash"], buckets)))


def _may_hold(statistics: pq.Statistics | None, buckets: Sequence[str]) -> bool:
    if statistics is None or not statistics.has_min_max:
        return True
    return statistics.min <= buckets[-1] + BEYOND and statistics.max >= buckets[0]


def _among(lines: pa.StringArray, buckets: Sequence[str]) -> pa.StringArray:
    is_range = int(buckets[-1], 16) - int(buckets[0], 16) == len(buckets) - 1
    return lines if is_range else lines.filter(_is_among(lines, buckets))


def _is_among(values: pa.Array | pa.ChunkedArray, buckets: Sequence[str]) -> pa.Array | pa.ChunkedArray:
    return pc.is_in(pc.utf8_slice_codeunits(values, 0, 2), value_set=pa.array(buckets))


def _feed(running: dict[str, hashlib._Hash], lines: pa.StringArray) -> None:
    starts = pc.utf8_slice_codeunits(lines, 0, 2)
    at = 0
    for counted in pc.value_counts(starts).to_pylist():  # sorted: equal ones are neighbors, and in order
        bucket, count = counted["values"], counted["counts"]
        running[bucket].update(_content_of(lines[at : at + count]))
        at += count


def _content_of(lines: pa.StringArray) -> memoryview | bytes:
    offsets, content = lines.buffers()[1], lines.buffers()[2]
    ends = memoryview(offsets).cast("i")
    return memoryview(content)[ends[lines.offset] : ends[lines.offset + len(lines)]] if content else b""
