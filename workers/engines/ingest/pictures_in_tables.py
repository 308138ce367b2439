"""Pictures that lie in the cells of a Parquet file, as Hugging Face's datasets keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.ingest import Reject
from workers.engines.ingest.arrow_tables import list_class_names
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.kinds import is_missing
from workers.engines.ingest.label_book import Said
from workers.engines.ingest.label_files import split_of_name
from workers.engines.ingest.mapping import LABEL_NAMES
from workers.engines.ingest.records import Position
from workers.engines.ingest.rows import read_class_label
from workers.engines.ingest.sources import SourceFile, clean_name

ROWS_AT_ONCE = 64
SUFFIXES = (".parquet", ".pq")


def may_hold_pictures(name: str) -> bool:
    return PurePosixPath(name.lower()).suffix in SUFFIXES


def open_pictures(
    file: SourceFile, workdir: Path, after: int
) -> Iterator[tuple[SourceFile, Said] | tuple[Position, Reject]]:
    """Each picture as a file of its own, with what its row says about it."""
    try:
        with file.on_disk(workdir) as path, pq.ParquetFile(path) as source:
            yield from _read_rows(file, source, after)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        yield file.position, Reject(file.uri, None, f"the Parquet file is damaged ({error})"[:200])
    except Refused as refused:
        yield file.position, Reject(file.uri, None, str(refused))


def _read_rows(file: SourceFile, source: pq.ParquetFile, after: int) -> Iterator:
    schema = source.schema_arrow
    picture = _find_picture_column(schema)
    names = [name.lower() for name in schema.names]
    label = next((schema.names[names.index(name)] for name in LABEL_NAMES if name in names), None)
    classes = list_class_names(schema).get(label or "", [])
    split, number = split_of_name(file.name), 0
    for batch in source.iter_batches(batch_size=ROWS_AT_ONCE, columns=[picture, *([label] if label else [])]):
        for row in batch.to_pylist():
            number += 1
            if number <= after:
                continue
            position = file.position._replace(row=number)
            content, name = _read_cell(row[picture], number)
            if content is None:
                yield position, Reject(file.uri, number, "the row holds no picture")
                continue
            said = Said(file.uri, label=_read_label(row[label], classes) if label else None, split=split)
            yield SourceFile(position, name, f"{file.uri}#{number}", content=content), said


def _find_picture_column(schema: pa.Schema) -> str:
    """The first column of bytes, or of structs with bytes in them. Raises Refused."""
    for field in schema:
        kind = field.type
        inside = {kind.field(i).name for i in range(kind.num_fields)} if pa.types.is_struct(kind) else set()
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or "bytes" in inside:
            return field.name
    raise Refused("no column of this Parquet file holds pictures")


def _read_cell(cell: object, number: int) -> tuple[bytes | None, str]:
    if isinstance(cell, dict):
        content, name = cell.get("bytes"), str(cell.get("path") or number)
    else:
        content, name = cell, str(number)
    return (content if isinstance(content, bytes) else None), clean_name(name)


def _read_label(cell: object, classes: Sequence[str]) -> str | None:
    if isinstance(cell, int) and 0 <= cell < len(classes):
        return classes[cell]
    try:
        return None if is_missing(cell) or cell == -1 else read_class_label(cell)
    except Refused:
        return None
