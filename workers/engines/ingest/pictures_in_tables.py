"""Pictures that lie in the cells of Parquet and Arrow files, as Hugging Face's datasets keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import ColumnMapping, Reject
from workers.engines.ingest.arrow_tables import list_class_names, open_batches, to_plain
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.event_times import EventTimes
from workers.engines.ingest.folders import read_folders
from workers.engines.ingest.formats.labelstudio import REGIONS, read_results
from workers.engines.ingest.formats.regions import Damage, Shape
from workers.engines.ingest.kinds import is_missing
from workers.engines.ingest.label_book import Said
from workers.engines.ingest.label_files import split_of_name
from workers.engines.ingest.mapping import GROUP_NAMES, LABEL_NAMES, SPLIT_NAMES
from workers.engines.ingest.records import Position
from workers.engines.ingest.rows import read_class_label, read_split
from workers.engines.ingest.sources import SourceFile, clean_name

ROWS_AT_ONCE = 64
PARQUET_SUFFIXES = (".parquet", ".pq")
ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")


class Pictures(NamedTuple):
    """An open table; `read` gives its rows with these columns only."""

    schema: pa.Schema
    read: Callable[[list[str]], Iterator[pa.RecordBatch]]


def may_hold_pictures(name: str) -> bool:
    return PurePosixPath(name.lower()).suffix in PARQUET_SUFFIXES + ARROW_SUFFIXES


def open_pictures(
    file: SourceFile,
    workdir: Path,
    after: int,
    class_names: Mapping[str, Sequence[str]],
    mapping: ColumnMapping | None = None,
) -> Iterator[tuple[SourceFile, Said] | tuple[Position, Reject]]:
    """Each picture as a file of its own, with what its row says about it. `class_names`, by column, are those that the
    files around name; the file's own count first. Without a mapping the label is found by its column's name."""
    try:
        with file.on_disk(workdir) as path, _open(path, file.name) as table:
            yield from _read_rows(file, table, after, class_names, mapping)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        yield file.position, Reject(file.uri, None, f"the file is damaged ({error})"[:200])
    except Refused as refused:
        yield file.position, Reject(file.uri, None, str(refused))


@contextmanager
def _open(path: Path, name: str) -> Iterator[Pictures]:
    if PurePosixPath(name.lower()).suffix in PARQUET_SUFFIXES:
        with pq.ParquetFile(path) as source:
            yield Pictures(source.schema_arrow, lambda columns: source.iter_batches(ROWS_AT_ONCE, columns=columns))
    else:
        with open_batches(path, ROWS_AT_ONCE) as (schema, batches):
            yield Pictures(schema, lambda columns: (batch.select(columns) for batch in batches))


def _read_rows(
    file: SourceFile, table: Pictures, after: int, class_names: Mapping[str, Sequence[str]],
    mapping: ColumnMapping | None,
) -> Iterator:  # fmt: skip
    picture = _find_picture_column(table.schema)
    is_guessed = mapping is None
    mapping = mapping or _guess_mapping(table.schema)
    roles = [name for name in (mapping.label, mapping.group, mapping.split, mapping.time) if name in table.schema.names]
    label = mapping.label if mapping.label in roles else ""
    extra = [REGIONS] if REGIONS in table.schema.names and REGIONS not in (picture, *roles) else []
    classes = {**class_names, **list_class_names(table.schema)}.get(label or "", [])
    split, number = split_of_name(file.name) or read_folders(file.name).split, 0
    times: EventTimes | None = None
    for batch in table.read([picture, *roles, *extra]):
        if mapping.time in roles and times is None:
            times = EventTimes.of_sample(mapping.time, map(to_plain, batch[mapping.time].to_pylist()))
        for row in batch.to_pylist():
            number += 1
            if number <= after:
                continue
            position = file.position._replace(row=number)
            content, name = _read_cell(row[picture], number)
            if content is None:
                yield position, Reject(file.uri, number, "the row holds no picture")
                continue
            event_time = times.read(to_plain(row[mapping.time])) if times else None
            try:
                own = read_split(row.get(mapping.split))
            except Refused as refused:
                if not is_guessed:
                    yield position, Reject(file.uri, number, str(refused))
                    continue
                own = None  # a column that is only called so
            shapes = None
            if extra:
                shapes, problems = _read_shapes(row[REGIONS])
                yield from ((position, Reject(file.uri, number, problem)) for problem in problems)
            said = Said(
                file.uri,
                shapes=shapes,
                label=_read_label(row[label], classes) if label else None,
                split=own or split,
                group=None if is_missing(row.get(mapping.group)) else str(row[mapping.group]),
                event_time=event_time,
                event_time_origin=times.origin if times and event_time else None,
            )
            called = PurePosixPath(name).name
            uri = f"{file.uri}#{number}" if called == str(number) else f"{file.uri}#{number}/{called}"
            yield SourceFile(position, name, uri, content=content), said


def _read_shapes(cell: object) -> tuple[tuple[Shape, ...] | None, Sequence[str]]:
    """(what is drawn on a picture, what of it cannot be read), as our own tables have it."""
    try:
        task = read_results(cell)
    except Damage as damage:
        return None, [str(damage)]
    return (None if task.shapes is None else tuple(task.shapes)), task.problems


def _guess_mapping(schema: pa.Schema) -> ColumnMapping:
    """By the columns' names."""
    names = {field.name.lower(): field for field in reversed(list(schema))}
    words = {
        name for name, field in names.items() if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    }
    split = next((names[name].name for name in SPLIT_NAMES if name in words), "")
    group = next((names[name].name for name in GROUP_NAMES if name in names), "")
    return ColumnMapping(label=_guess_label(schema.names), group=group, split=split, time=_guess_time(schema))


def _guess_label(columns: Sequence[str]) -> str:
    names = [name.lower() for name in columns]
    return next((columns[names.index(name)] for name in LABEL_NAMES if name in names), "")


def _guess_time(schema: pa.Schema) -> str:
    """A column of moments by its name and type; texts only under a name that leaves no doubt."""
    names = {field.name.lower(): field for field in schema}
    for name in (name for name in event_times.NAMES if name in names):
        kind = names[name].type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or name in event_times.FILE_NAMES:
            return names[name].name
    return ""


def _find_picture_column(schema: pa.Schema) -> str:
    """The first column of bytes, or of structs with bytes in them. Raises Refused."""
    for field in schema:
        kind = field.type
        inside = {kind.field(i).name for i in range(kind.num_fields)} if pa.types.is_struct(kind) else set()
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or "bytes" in inside:
            return field.name
    raise Refused("no column of this file holds pictures")


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
