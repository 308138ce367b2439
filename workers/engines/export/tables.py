"""Versions as tables: Parquet with pictures and sounds inside, and CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.event_times import COLUMN as EVENT_TIME
from workers.engines.export.items import Source, name_file, write_event_time

GROUP_BYTES = 32 << 20
GROUP_ROWS = 10_000
KEPT = ("split", "label", "group", "item_id", "content_hash")
FORMULA = re.compile(r"^'*[\s\0]*[=+\-@\t\r]")
NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
SOUND_COLUMN = "sound"  # of rows: its bytes and name, beside the cell that refers to it
FILE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write_parquet(source: Source, target: Path) -> None:
    """One table: features (or text, or image as bytes and name, as Hugging Face has it), label, split, ids; and of rows
    with sounds, these too."""
    with TableWriter(source, target) as writer:
        for item in source.read_items():
            writer.add(item)
            source.written += 1


def write_csv(source: Source, target: Path) -> None:
    """One table; cells that a spreadsheet would run get an apostrophe."""
    features = list_features(source)
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([disarm(name) for name in (*features, *extra_columns(source, features))])
        for item in source.read_items():
            cells = describe(source, item, features)
            if source.spec.item_kind == "image":
                cells["image"] = cells["image"] and name_file(item)
            writer.writerow([disarm(cell) for cell in cells.values()])
            source.written += 1


def list_features(source: Source) -> list[str]:
    """The columns that hold the content."""
    if source.spec.item_kind == "row":
        return [name for name, _ in source.spec.columns]
    return [source.spec.item_kind]


def extra_columns(source: Source, features: list[str]) -> list[str]:
    """What stands beside the content, called differently where a feature has the name already."""
    names = (*KEPT, "regions", EVENT_TIME) if source.has_event_times else (*KEPT, "regions")
    return [name if name not in features else f"{name}_" for name in names]


def describe(source: Source, item: dict[str, Any], features: list[str]) -> dict[str, Any]:
    """One item as cells: content first, then split, label, group and ids; regions as JSON text."""
    if source.spec.item_kind == "row":
        row = item["row"] or {}
        cells = {name: row.get(name) for name in features}
    else:
        cells = {features[0]: item["text"] if source.spec.item_kind == "text" else item["blob"]}
    regions = _to_json(item["result"]) if item["result"] else None
    values = [*(item[name] for name in KEPT), regions]
    values += [write_event_time(item)] if source.has_event_times else []
    return cells | dict(zip(extra_columns(source, features), values, strict=True))


def disarm(cell: Any) -> Any:
    """Text that starts a formula gets an apostrophe before it; numbers stay numbers."""
    if isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.match(cell):
        return "'" + cell
    return cell


class TableWriter:
    """A Parquet file that takes items; row groups stay small, whatever the pictures weigh."""

    def __init__(self, source: Source, target: Path):
        self._source, self._features = source, list_features(source)
        taken = {*self._features, *extra_columns(source, self._features)}
        name = SOUND_COLUMN if SOUND_COLUMN not in taken else f"{SOUND_COLUMN}_file"
        self._sound = name if source.has_sounds else ""
        self._schema = _describe_schema(source, self._features, self._sound)
        self._writer = pq.ParquetWriter(target, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._flush()
        self._writer.close()

    def add(self, item: dict[str, Any]) -> None:
        """One item; its picture is read now."""
        cells = describe(self._source, item, self._features)
        if self._source.spec.item_kind == "image" and item["blob"]:
            content = self._source.read_blob(item["blob"])
            cells["image"] = {"bytes": content, "path": name_file(item)}
            self._bytes += len(content)
        elif self._sound:
            content = self._source.read_blob(item["blob"]) if item["blob"] else b""
            cells[self._sound] = {"bytes": content, "path": name_file(item)} if item["blob"] else None
            self._bytes += len(content)
        elif item["text"]:
            self._bytes += len(item["text"])
        self._rows.append(cells)
        if self._bytes >= GROUP_BYTES or len(self._rows) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = [_build_column(self._rows, field) for field in self._schema]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows, self._bytes = [], 0


def _describe_schema(source: Source, features: list[str], sound: str) -> pa.Schema:
    kinds = dict(source.spec.columns)
    if source.spec.item_kind == "row":
        fields = [(name, pa.float64() if kinds.get(name) == "number" else pa.string()) for name in features]
    else:
        fields = [(features[0], FILE if source.spec.item_kind == "image" else pa.string())]
    extra = extra_columns(source, features)
    if sound:
        fields.append((sound, FILE))
    return pa.schema([*fields, *((name, _find_type(name)) for name in extra)])


def _find_type(name: str) -> pa.DataType:
    """Of a column beside the content."""
    if name.startswith(EVENT_TIME):
        return pa.timestamp("us", "UTC")
    return pa.int64() if name.startswith("item_id") else pa.string()


def _build_column(rows: Iterable[dict[str, Any]], field: pa.Field) -> pa.Array:
    cells = [row[field.name] for row in rows]
    if pa.types.is_floating(field.type):
        return pa.array([_to_number(cell) for cell in cells], field.type)
    if pa.types.is_string(field.type):
        return pa.array([cell if cell is None or isinstance(cell, str) else _to_json(cell) for cell in cells])
    if pa.types.is_timestamp(field.type):
        return pa.array(cells, pa.string()).cast(field.type)
    return pa.array(cells, field.type)


def _to_number(cell: Any) -> float | None:
    try:
        return None if cell is None or cell == "" else float(cell)
    except (TypeError, ValueError):
        return None


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()
