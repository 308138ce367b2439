"""Tasks out of JSON, JSON_MIN, CSV, TSV and Parquet, one in memory at a time."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from lifecycle.contracts.label_exports import arm
from lifecycle.contracts.label_imports import Draft, LabelImportSpec, Rejected
from lifecycle.contracts.label_interface import Control, Interface
from workers.engines.ingest.archives import is_zip
from workers.engines.labels_import.members import Members

BLOCK = 1 << 20
MOST_CHARS = 64 << 20  # of one entry
NOTES = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "relations")
NUMBER = re.compile(r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$")
BARE = {"choices": "choices", "textarea": "text"}  # types that stand as a bare text
csv.field_size_limit(MOST_CHARS)

Outcome = Draft | Rejected


def read_json_or_archive(spec: LabelImportSpec) -> Iterator[Outcome]:
    """The same, also out of a zip in which the sounds lie beside it."""
    with open(spec.path, "rb") as source:
        if not is_zip(source.read(4)):
            yield from read_json(spec)
            return
    with Members(spec.path) as members:
        for name in members.list(".json"):
            with tempfile.NamedTemporaryFile() as copy:
                members.copy(name, copy)  # type: ignore[arg-type]
                yield from read_json(replace(spec, path=copy.name))


def read_json(spec: LabelImportSpec) -> Iterator[Outcome]:
    """A list of tasks or of flat objects, in one list or an object a line."""
    for number, entry in enumerate(read_objects(Path(spec.path)), start=1):
        place = f"entry {number}"
        if not isinstance(entry, dict):
            yield Rejected(place, "this entry is no object")
        elif isinstance(entry.get("data"), dict):
            yield Draft(place, entry)
        else:
            yield build_draft(place, spec.interface, entry)


def read_objects(path: Path) -> Iterator[Any]:
    """The entries of a JSON list, or objects one after the other. ValueError where it is neither."""
    decoder, text, is_end = json.JSONDecoder(), "", False
    with open(path, encoding="utf-8-sig") as source:
        while True:
            text = text.lstrip(" \t\r\n[,")
            if text.startswith("]"):
                return
            try:
                entry, end = decoder.raw_decode(text) if text else (None, 0)
            except json.JSONDecodeError as error:
                if is_end or len(text) > MOST_CHARS:
                    raise ValueError(f"the JSON is broken: {error.msg} ({text[:40]}…)") from None
                end = 0
            if end:
                yield entry
                text = text[end:]
                continue
            if is_end:
                return
            more = source.read(max(BLOCK, len(text)))
            text, is_end = text + more, not more


def read_csv(spec: LabelImportSpec) -> Iterator[Outcome]:
    return _read_table(spec, ",")


def read_tsv(spec: LabelImportSpec) -> Iterator[Outcome]:
    return _read_table(spec, "\t")


def _read_table(spec: LabelImportSpec, delimiter: str) -> Iterator[Outcome]:
    is_text = {one.field for one in spec.interface.objects if one.tag in ("Text", "HyperText", "Image")}
    names = {given_name(spec.interface, control) for control in spec.interface.controls}
    with open(spec.path, encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter=delimiter), start=2):
            if None in row:
                yield Rejected(f"line {number}", "the line has more cells than the head has columns")
                continue
            cells = {arm(name): read_cell(cell, name not in is_text | names) for name, cell in row.items() if cell}
            yield build_draft(f"line {number}", spec.interface, cells)


def read_cell(cell: str, may_be_number: bool) -> Any:
    """JSON where it is JSON, else the text as it was before it was disarmed."""
    if cell[:1] in ("[", "{", '"'):
        try:
            return orjson.loads(cell)
        except orjson.JSONDecodeError:
            return cell
    return orjson.loads(cell) if may_be_number and NUMBER.match(cell) else arm(cell)


def build_draft(place: str, interface: Interface, row: Mapping[str, Any]) -> Draft:
    """A row's task; with a note where somebody answered, but none of these questions."""
    body = build_body(interface, row)
    if body["annotations"] or row.get("annotation_id") in (None, ""):
        return Draft(place, body)
    asked = ", ".join(f"“{given_name(interface, one)}”" for one in interface.controls if one.type != "relation")
    return Draft(place, body, note=f"the row answers none of the questions ({asked}): only its task was taken")


def build_body(interface: Interface, row: Mapping[str, Any]) -> dict[str, Any]:
    """A task with one answer from a flat object: what no control says is its data."""
    controls = {given_name(interface, one): one for one in interface.controls if one.type != "relation"}
    data = {name: value for name, value in row.items() if name not in controls and name not in NOTES}
    said = [(control, row[name]) for name, control in controls.items() if row.get(name) not in (None, "", [])]
    result = [entry for control, value in said for entry in _expand(interface, control, value)]
    result += row.get("relations") or []
    lead = row.get("lead_time")
    was_answered = said or row.get("relations") is not None  # an empty list: somebody said that there is nothing
    annotation = {"result": result, **_tell_about(row)} | ({"lead_time": float(lead)} if lead not in (None, "") else {})
    return {"data": data, "annotations": [annotation] if was_answered else []}


def _tell_about(row: Mapping[str, Any]) -> dict[str, Any]:
    """Who gave the answer of a row, when, and what it is called there."""
    told = {"id": "annotation_id", "completed_by": "annotator", "created_at": "created_at"}
    return {name: row[column] for name, column in told.items() if row.get(column) not in (None, "")}


def given_name(interface: Interface, control: Control) -> str:
    """As the configuration calls it, and so do its exports."""
    return interface.given_controls.get(control.name, control.name)


def _expand(interface: Interface, control: Control, value: Any) -> Iterator[dict[str, Any]]:
    to = control.to[0] if control.to else ""
    target = interface.given_objects.get(to, to) if len(control.to) < 2 else ",".join(control.to)
    for number, one in enumerate(value if isinstance(value, list) else [value], start=1):
        entry: dict[str, Any] = {"from_name": given_name(interface, control), "to_name": target, "type": control.type}
        if not isinstance(one, Mapping):
            yield entry | {
                "value": {control.type: one} if control.type not in BARE else {BARE[control.type]: [str(one)]}
            }
            continue
        inner = dict(one)
        for name in ("id", "original_width", "original_height"):
            if name in inner:
                entry[name] = inner.pop(name)
        if "id" not in entry and control in interface.find_region_controls():
            entry["id"] = f"{control.name}{number}"
        yield entry | {"value": inner}


def read_parquet(spec: LabelImportSpec) -> Iterator[Outcome]:
    """Rows of one task stand together, an answer each."""
    with pq.ParquetFile(spec.path) as source:
        missing = {"task_id", "data", "result"} - set(source.schema_arrow.names)
        if missing:
            raise ValueError(f"the table has no column {', '.join(sorted(missing))}: is it an export of labels?")
        rows = (row for batch in source.iter_batches(batch_size=1_000) for row in batch.to_pylist())
        for task_id, group in groupby(rows, key=lambda row: row["task_id"]):
            answers = list(group)
            try:
                yield Draft(f"task {task_id}", _build_rows(answers))
            except (orjson.JSONDecodeError, TypeError) as error:
                yield Rejected(f"task {task_id}", f"its row cannot be read ({error})"[:200])


def _build_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    annotations = [
        {
            "result": orjson.loads(row["result"]),
            **_tell_about(row),
            **{name: row[name] for name in ("was_cancelled", "ground_truth", "lead_time") if row.get(name) is not None},
        }
        for row in rows
        if row["result"] is not None
    ]
    meta = orjson.loads(rows[0]["meta"]) if rows[0].get("meta") else None
    return {"data": orjson.loads(rows[0]["data"]), "meta": meta, "annotations": annotations}
