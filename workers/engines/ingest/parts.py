"""Writes items as Parquet parts, and remembers after each part how far the import got."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.ingest import Reject
from workers.engines.ingest.records import Batch, Position, Record

ROWS_PER_PART = 20_000
BYTES_PER_PART = 16 << 20  # of texts and rows; pictures lie in blobs
ROW_OVERHEAD = 300
LARGE = [Record._fields.index(name) for name in ("text", "row", "result", "picture_print")]

SCHEMA = pa.schema(
    [
        ("content_hash", pa.string()),
        ("blob", pa.string()),
        ("text", pa.string()),
        ("row", pa.string()),
        ("label", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("source_uri", pa.string()),
        ("mime", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("byte_size", pa.int64()),
        ("fingerprint", pa.int64()),
        ("result", pa.string()),
        ("near_prints", pa.binary()),
        ("event_time", pa.string()),
        ("event_time_origin", pa.string()),
        ("picture_print", pa.binary()),
    ]
)


class PartWriter:
    """Collects outcomes; `flush` makes a part and the state beside it durable, in this order.

    Opened again on the same folder, it goes on after the last flush: `position` says where that was.
    """

    def __init__(self, folder: Path, *, max_rejects: int):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.max_rejects = max_rejects
        self.position: Position | None = None
        self.accepted = self.rejected = self.part_count = 0
        self.is_finished = False
        self.notes: dict = {}  # what the reader decided on the way: mapping, columns
        self._columns: list[list] = [[] for _ in SCHEMA]
        self._rows = self._bytes = 0
        self.rejects_path = folder / "rejects.jsonl"
        self._resume()
        self._rejects = self.rejects_path.open("ab")

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(str(self._part_path(n)) for n in range(self.part_count))

    def add(self, outcome: Record | Reject, position: Position) -> None:
        """Take one outcome; flushes by itself when enough has come together."""
        if isinstance(outcome, Reject):
            self.add_batch(Batch(position, 0, (), (outcome,)))
        else:
            self.add_batch(Batch(position, 1, [(value,) for value in outcome], ()))

    def add_batch(self, batch: Batch) -> None:
        """Take many outcomes; all of them are in the same part."""
        for reject in batch.rejects:
            self.rejected += 1
            if self.rejected <= self.max_rejects:
                self._rejects.write(json.dumps(vars(reject)).encode() + b"\n")
        if batch.size:
            for mine, values in zip(self._columns, batch.columns, strict=True):
                mine.extend(values if values is not None else repeat(None, batch.size))
            self.accepted += batch.size
            self._rows += batch.size
            contents = (value for place in LARGE for value in batch.columns[place] or () if value)
            self._bytes += batch.size * ROW_OVERHEAD + sum(map(len, cast("Iterator[str | bytes]", contents)))
        self.position = batch.position
        if self._rows >= ROWS_PER_PART or self._bytes >= BYTES_PER_PART:
            self.flush()

    def flush(self) -> None:
        """Make everything so far durable."""
        self._rejects.flush()
        os.fsync(self._rejects.fileno())
        if self._rows:
            self._write_part()
            self.part_count += 1
            self._columns = [[] for _ in SCHEMA]
            self._rows = self._bytes = 0
        self._write_state()

    def finish(self) -> None:
        """Flush, and mark the whole import as read: a later `run` on this folder only returns the result."""
        self.is_finished = True
        self.flush()
        self._rejects.close()

    def _write_part(self) -> None:
        arrays = [pa.array(column, type=kind.type) for column, kind in zip(self._columns, SCHEMA, strict=True)]
        target = self._part_path(self.part_count)
        temporary = target.with_suffix(".tmp")
        pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), temporary, compression="zstd")
        _replace_durably(temporary, target)

    def _write_state(self) -> None:
        state = {
            "position": self.position,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "part_count": self.part_count,
            "rejects_bytes": self._rejects.tell(),
            "is_finished": self.is_finished,
            "notes": self.notes,
        }
        temporary = self.folder / "state.tmp"
        temporary.write_text(json.dumps(state))
        _replace_durably(temporary, self.folder / "state.json")

    def _resume(self) -> None:
        path = self.folder / "state.json"
        if not path.exists():
            self.rejects_path.unlink(missing_ok=True)
            return
        state = json.loads(path.read_text())
        self.position = Position(*state["position"]) if state["position"] else None
        self.accepted, self.rejected = state["accepted"], state["rejected"]
        self.part_count, self.is_finished = state["part_count"], state["is_finished"]
        self.notes = state["notes"]
        os.truncate(self.rejects_path, state["rejects_bytes"])

    def _part_path(self, number: int) -> Path:
        return self.folder / f"part-{number:05}.parquet"


def _replace_durably(temporary: Path, target: Path) -> None:
    with open(temporary, "rb+") as written:
        os.fsync(written.fileno())
    os.replace(temporary, target)
