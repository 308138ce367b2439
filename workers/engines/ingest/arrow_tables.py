"""Rows out of Parquet and Arrow files, as plain cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused

ARROW_MAGIC = b"ARROW1"
BATCH_ROWS = 2_000
DAMAGED = (pa.ArrowException, OSError, ValueError, MemoryError)


def read_schema(path: Path, kind: str) -> pa.Schema:
    """The schema of a "parquet" or "arrow" file. Raises Refused."""
    try:
        if kind == "parquet":
            return pq.read_schema(path)
        with pa.memory_map(str(path)) as source:
            return _open_arrow(source).schema
    except DAMAGED as error:
        raise Refused(f"the {kind.capitalize()} file is damaged ({error})"[:200]) from None


def read_rows(path: Path, kind: str) -> Iterator[tuple[int, Sequence[object]] | BadLine]:
    """(row number, cells); where the file is damaged, a BadLine is the last thing that comes."""
    number = 0
    try:
        for batch in _read_parquet(path) if kind == "parquet" else _read_arrow(path):
            for cells in _list_cells(batch, list_class_names(batch.schema)):
                number += 1
                yield number, cells
    except DAMAGED as error:
        yield BadLine(number + 1, f"the file is damaged from here on ({error})"[:200])


def list_class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """{column: class names by number} where Hugging Face's datasets wrote them into the file's schema."""
    try:
        features = orjson.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {
            name: [str(label) for label in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names")
        }
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return {}


def list_kinds(schema: pa.Schema) -> list[str]:
    """The kinds that types alone settle, "" where the values must be looked at."""
    classes = list_class_names(schema)
    return ["category" if field.name in classes else _find_kind(field.type) for field in schema]


def flatten(value: object) -> object:
    """Lists and objects as JSON, truth values as words."""
    if isinstance(value, (dict, list)):
        return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS).decode()
    return ("true" if value else "false") if isinstance(value, bool) else value


def _find_kind(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_temporal(kind):
        return "date"
    if pa.types.is_boolean(kind) or pa.types.is_dictionary(kind):
        return "category"
    return ""


def _read_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as source:
        schema = source.schema_arrow
        for batch in source.iter_batches(batch_size=BATCH_ROWS):
            yield batch.replace_schema_metadata(schema.metadata)


def _read_arrow(path: Path) -> Iterator[pa.RecordBatch]:
    with open_batches(path, BATCH_ROWS) as (schema, batches):
        for batch in batches:
            yield batch.replace_schema_metadata(schema.metadata)


@contextmanager
def open_batches(path: Path, size: int) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """The schema of an Arrow file or stream, and its rows, at most `size` at a time. Raises one of DAMAGED."""
    with pa.memory_map(str(path)) as source:
        reader = _open_arrow(source)
        is_file = isinstance(reader, pa.RecordBatchFileReader)
        batches = (reader.get_batch(n) for n in range(reader.num_record_batches)) if is_file else reader
        yield reader.schema, (batch.slice(start, size) for batch in batches for start in range(0, batch.num_rows, size))


def _open_arrow(source: pa.NativeFile) -> Any:
    """A file (Feather 2 is one) or a stream (what Hugging Face's datasets saves)."""
    is_file = source.read(len(ARROW_MAGIC)) == ARROW_MAGIC
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _list_cells(batch: pa.RecordBatch, names: dict[str, list[str]]) -> Iterator[tuple]:
    columns = [
        _make_plain(_name_classes(column.to_pylist(), names.get(field.name, ())), field.type)
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    yield from zip(*columns, strict=True)


def _make_plain(values: list, kind: pa.DataType) -> list:
    is_plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)
    return values if is_plain else [to_plain(value) for value in values]


def _name_classes(values: list, names: Sequence[str]) -> list:
    if not names:
        return values
    return [names[v] if isinstance(v, int) and 0 <= v < len(names) else None if v == -1 else v for v in values]


def to_plain(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return None if isinstance(value, float) and math.isnan(value) else value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return flatten(value) if isinstance(value, (bool, list, dict)) else str(value)
