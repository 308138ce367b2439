"""Labels as JSON, JSON_MIN, CSV, TSV and Parquet, a task in memory at a time."""

from __future__ import annotations

import csv
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.label_exports import FORMULA_STARTS, disarm
from workers.engines.labels_export.source import Source, list_answers

GROUP_ROWS = 10_000
BUFFER_BYTES = 1 << 20
JSON_STARTS = ("[", "{", '"')
WATCHED = frozenset((*JSON_STARTS, *FORMULA_STARTS))  # of one character each
NUMBERS = frozenset((int, float, type(None)))
ABOUT = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
SCHEMA = pa.schema([
    ("task_id", pa.int64()), ("annotation_id", pa.int64()), ("annotator", pa.int64()), ("data", pa.string()),
    ("meta", pa.string()), ("result", pa.string()), ("was_cancelled", pa.bool_()), ("ground_truth", pa.bool_()),
    ("lead_time", pa.float64()), ("created_at", pa.string()), ("updated_at", pa.string()), ("picture", pa.string()),
])  # fmt: skip


def write_json(source: Source, target: Path) -> None:
    """Label Studio's JSON: a list of tasks."""
    with open(target, "wb", buffering=BUFFER_BYTES) as out:
        out.write(b"[")
        for task in source.read_tasks():
            out.write(b",\n" if source.written else b"")
            out.write(dump(task.body))
            source.written += 1
        out.write(b"]")


def write_json_min(source: Source, target: Path) -> None:
    """A list of flat objects, one an answer, as Label Studio's converter writes them."""
    count = 0
    with open(target, "wb", buffering=BUFFER_BYTES) as out:
        out.write(b"[")
        for task in source.read_tasks():
            for row in flatten(task.body):
                out.write((b",\n" if count else b"") + dump(row))
                count += 1
            source.written += 1
        out.write(b"]")


def write_csv(source: Source, target: Path) -> None:
    _write_table(source, target, ",")


def write_tsv(source: Source, target: Path) -> None:
    _write_table(source, target, "\t")


def _write_table(source: Source, target: Path, delimiter: str) -> None:
    """A part for as long as rows bring no new column; where there are several, they are put under one head at the end,
    since only the last row tells which columns there are. Mostly there is one."""
    parts: list[tuple[list[str], Path]] = []
    columns: dict[str, None] = {}
    with ExitStack() as files:
        writer: Any = None
        for task in source.read_tasks():
            for row in flatten(task.body):
                if writer is None or not row.keys() <= columns.keys():
                    columns |= dict.fromkeys(row)
                    parts.append((_order(columns), target.with_suffix(f".{len(parts)}")))
                    files.close()
                    writer = csv.writer(files.enter_context(_open_table(parts[-1][1])), delimiter=delimiter)
                writer.writerow(_write_cells(map(row.get, parts[-1][0])))
            source.written += 1
    _join(parts, _order(columns), target, delimiter)


def _order(columns: Iterable[str]) -> list[str]:
    names = list(columns)
    return [name for name in names if name not in ABOUT] + [name for name in ABOUT if name in names]


def _join(parts: Sequence[tuple[list[str], Path]], ordered: list[str], target: Path, delimiter: str) -> None:
    """The head and all parts in one file; cells of columns that a part did not know yet stay empty."""
    csv.field_size_limit(sys.maxsize)  # of what is read back: texts may be longer than the reader's 131,072 characters
    with _open_table(target) as out:
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow([disarm(name) for name in ordered])
        for names, path in parts:
            with open(path, encoding="utf-8", newline="") as lines:
                if names == ordered:
                    shutil.copyfileobj(lines, out, BUFFER_BYTES)
                else:
                    for cells in csv.reader(lines, delimiter=delimiter):
                        known = dict(zip(names, cells, strict=True))
                        writer.writerow([known.get(name) for name in ordered])
            path.unlink()


def _open_table(path: Path) -> TextIO:
    return open(path, "w", encoding="utf-8", newline="", buffering=BUFFER_BYTES)


def _write_cells(cells: Iterable[Any]) -> list[Any]:
    """Nearly every cell is a number or a harmless text, and stays as it is."""
    return [
        cell if type(cell) in NUMBERS or (type(cell) is str and cell[:1] not in WATCHED) else _write_cell(cell)
        for cell in cells
    ]


def _write_cell(value: Any) -> Any:
    if isinstance(value, str):
        return _write_text(value) if value[:1] in WATCHED else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return orjson.loads(dump(value))
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else value


def _write_text(text: str) -> str:
    """A text that begins in a way that somebody may read wrongly."""
    return orjson.dumps(text).decode() if text.startswith(JSON_STARTS) and _reads_as_json(text) else disarm(text)


def _reads_as_json(text: str) -> bool:
    """Whether a reader of cells would take a text for a list, an object or a text in quotes."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def flatten(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A flat object for each answer of a task: its data, what each control says, who said it.

    A task that nobody was asked about yet has one in which nobody says anything, as Label Studio writes it.
    """
    if not body["annotations"]:
        yield {**body["data"], "id": body["id"], **dict.fromkeys(ABOUT)}
    for annotation in list_answers(body):
        row = {**body["data"], "id": body["id"], **shorten(annotation["result"])}
        about = (annotation["completed_by"], *(annotation[name] for name in ("id", *ABOUT[2:])))
        yield row | dict(zip(ABOUT, about, strict=True))


def shorten(result: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What each control says: the bare class or text where there is just one, else a list of values.

    Entries that belong together (a box, and what is said about it) keep the id that Label Studio drops. An answer that
    says nothing has an empty list of relations: else its row would be one that answers none of these questions.
    """
    if not result:
        return {"relations": []}
    if len(result) == 1 and result[0].get("type") != "relation":  # nearly all there are: nothing can belong together
        (entry,) = result
        return {entry["from_name"]: _unwrap([_shorten_entry(entry, keeps_id=False)])} if entry.get("from_name") else {}
    ids = [entry["id"] for entry in result if entry.get("id") is not None]
    shared = {one for one in ids if ids.count(one) > 1} if len(ids) > 1 else set()
    said: dict[str, list[Any]] = defaultdict(list)
    relations = [dict(entry) for entry in result if entry.get("type") == "relation"]
    shared |= {relation[end] for relation in relations for end in ("from_id", "to_id") if end in relation}
    for entry in result:
        if entry.get("from_name"):
            said[entry["from_name"]].append(_shorten_entry(entry, entry.get("id") in shared))
    short: dict[str, Any] = {name: _unwrap(values) for name, values in said.items()}
    return short | ({"relations": relations} if relations else {})


def _shorten_entry(entry: Mapping[str, Any], keeps_id: bool) -> Any:
    value = dict(entry["value"])
    for name in ("choices", "text"):
        if not keeps_id and list(value) == [name] and _is_one_text(value[name]):
            return value[name][0]
    sizes = {name: entry[name] for name in ("original_width", "original_height") if name in entry}
    return value | sizes | ({"id": entry["id"]} if keeps_id else {})


def _is_one_text(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)


def _unwrap(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else values


def write_parquet(source: Source, target: Path) -> None:
    """A row for each answer and skip with its whole result as JSON; a task without any is a row of its own."""
    rows: list[tuple[Any, ...]] = []
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as writer:
        for task in source.read_tasks():
            head = (dump(task.body["data"]).decode(), dump(task.body["meta"]).decode())
            name = task.item.name if task.item.blob else None
            for one in task.body["annotations"] or (None,):
                rows.append(_build_row(task.body["id"], head, one, name))
            source.written += 1
            if len(rows) >= GROUP_ROWS:
                _write_rows(writer, rows)
                rows = []
        _write_rows(writer, rows)


def _build_row(task_id: int, head: tuple[str, str], one: Mapping[str, Any] | None, name: str | None) -> tuple[Any, ...]:
    data, meta = head
    if one is None:
        return (task_id, None, None, data, meta, None, None, None, None, None, None, name)
    times = (_write_time(one["created_at"]), _write_time(one["updated_at"]))
    result = dump(one["result"]).decode()
    flags = (one["was_cancelled"], one["ground_truth"], one["lead_time"])
    return (task_id, one["id"], one["completed_by"], data, meta, result, *flags, *times, name)


def _write_rows(writer: pq.ParquetWriter, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        columns = [pa.array(cells, field.type) for cells, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
        writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))


def _write_time(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


def dump(value: Any) -> bytes:
    """JSON with times in UTC, as the door writes them."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
