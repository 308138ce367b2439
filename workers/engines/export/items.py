"""Items of a version one after another, and how far the export is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts import file_names
from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.event_times import COLUMN as EVENT_TIME
from lifecycle.contracts.exports import ExportSpec
from workers.engines.export.bookkeeping import Bookkeeping, OpenBlob

BATCH_ROWS = 2_000
FindSources = Callable[[Sequence[int]], Mapping[int, str]]  # where items come from, by their numbers
SPLITS = ("train", "validation", "test")
COLUMNS = (
    "item_id",
    "content_hash",
    "split",
    "label",
    "group",
    "blob",
    "text",
    "row",
    "result",
    "mime",
    "width",
    "height",
    "event_time",
)


@dataclass
class Source(Bookkeeping):
    """What every layout is handed: items, files, and a list of what was left out, by reason."""

    spec: ExportSpec
    open_blob: OpenBlob
    report: Report
    should_stop: ShouldStop
    find_sources: FindSources = lambda item_ids: {}
    left_out: Counter[str] = field(default_factory=Counter)
    written: int = 0

    @cached_property
    def has_sounds(self) -> bool:
        """Whether rows of the version have sounds."""
        if self.spec.item_kind != "row":
            return False
        return any(pq.read_table(path, columns=["blob"])["blob"].drop_null().length() for path in self.spec.chunks)

    @cached_property
    def _has_files(self) -> bool:
        return self.spec.item_kind == "image" or self.has_sounds

    @cached_property
    def has_regions(self) -> bool:
        """Whether any label of the version has regions behind it."""
        paths = [path for path in self.spec.chunks if "result" in pq.read_schema(path).names]
        return any(pq.read_table(path, columns=["result"])["result"].drop_null().length() for path in paths)

    @cached_property
    def has_event_times(self) -> bool:
        """Whether it is known of any item what moment it is of."""
        paths = [path for path in self.spec.chunks if EVENT_TIME in pq.read_schema(path).names]
        return any(pq.read_table(path, columns=[EVENT_TIME])[EVENT_TIME].drop_null().length() for path in paths)

    def read_items(self) -> Iterator[dict[str, Any]]:
        """Manifest rows as dicts, `row` and `result` parsed."""
        total = sum(pq.read_metadata(path).num_rows for path in self.spec.chunks) or 1
        seen = 0
        for path in self.spec.chunks:
            for batch in _read_batches(path):
                if self.should_stop():
                    raise Canceled
                sources = self.find_sources(batch["item_id"].to_pylist()) if self._has_files else {}
                for row in batch.to_pylist():
                    yield _parse(row) | {"source_uri": sources.get(row["item_id"])}
                seen += batch.num_rows
                self.report.progress(0.95 * seen / total, f"{seen:,} of {total:,} items")


def _read_batches(path: str) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as source:
        there = [name for name in COLUMNS if name in source.schema_arrow.names]
        yield from source.iter_batches(batch_size=BATCH_ROWS, columns=there)


def _parse(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("row", "result"):
        row[name] = json.loads(row[name]) if row.get(name) else None
    return row


def write_event_time(item: dict[str, Any]) -> str | None:
    """ISO 8601 in UTC."""
    moment = item.get(EVENT_TIME)
    return moment and f"{moment.isoformat()}Z"


def name_file(item: dict[str, Any]) -> str:
    """A file name that no other item has; of letters that are safe everywhere."""
    return file_names.name_file(item["item_id"], item["content_hash"], item.get("mime"), item.get("source_uri"))


def name_folder(label: str) -> str:
    """A class name as the name of a folder."""
    return re.sub(r"[^\w .+-]", "_", label).strip(" .") or "_"


def list_regions(item: dict[str, Any], kinds: Sequence[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, class, value) of the Label Studio regions of these kinds."""
    found = []
    for region in item["result"] or ():
        kind, value = region.get("type"), region.get("value") or {}
        if kind in kinds:
            found += [(kind, str(name), value) for name in value.get(kind, ())[:1]]
    return found
