"""A file of predictions, row by row: CSV, JSON lines or Label Studio JSON with predictions; bad rows are values."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from lifecycle.contracts.predictions import Bad, Row, Span

MAX_JSON_BYTES = 256 * 1024 * 1024  # of a file that has to be read at once
MAX_LINE_CHARS = 4_000_000
ITEM = ("item", "item_id", "inner_id")
TASK = ("task", "task_id", "id")
SOURCE = ("source", "source_uri", "file", "file_name", "filename", "path", "image", "url")
TEXT = ("text",)
LABEL = ("label", "prediction", "predicted", "class", "choice", "value", "answer")
SCORE = ("score", "confidence", "probability")
VERSION = ("model_version", "model")


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message says what to send instead."""


def read(path: str | Path, name: str) -> Iterator[Row | Bad]:
    """Rows of a file in its order; raises Unreadable."""
    path, ending = Path(path), name.lower().rpartition(".")[2]
    if ending in {"csv", "tsv", "txt"}:
        yield from _read_csv(path, "\t" if ending == "tsv" else ",")
    elif ending in {"jsonl", "ndjson"}:
        yield from _read_lines(path)
    elif ending == "json":
        yield from _read_json(path)
    else:
        raise Unreadable("Send a .csv, .tsv, .jsonl or .json file of predictions.")


def _read_csv(path: Path, delimiter: str) -> Iterator[Row | Bad]:
    csv.field_size_limit(MAX_LINE_CHARS)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as source:
        reader = csv.DictReader(source, delimiter=delimiter)
        names = {name.strip().lower(): name for name in reader.fieldnames or [] if name}
        if not names.keys() & set(LABEL):
            raise Unreadable(f"The table needs a column with the answer, called {', '.join(LABEL[:3])} or the like.")
        if not names.keys() & {*ITEM, *TASK, *SOURCE, *TEXT}:
            raise Unreadable("The table needs a column that says which item: item_id, task_id, source or text.")
        try:
            records = (({key: record[name] for key, name in names.items()}, reader.line_num) for record in reader)
            if {"start", "end"} <= names.keys():
                yield from _read_spans(records)
                return
            for record, line in records:
                yield _read_record(record, line)
        except csv.Error as error:
            yield Bad(reader.line_num, f"The rest of the table cannot be read: {error}")


def _read_lines(path: Path) -> Iterator[Row | Bad]:
    with path.open("rb") as source:
        for number, line in enumerate(source, start=1):
            if line.strip():
                yield from _read_document(line, number)


def _read_document(line: bytes, number: int) -> Iterator[Row | Bad]:
    try:
        yield from _read_object(orjson.loads(line), number)
    except orjson.JSONDecodeError as error:
        yield Bad(number, f"This is not JSON: {str(error)[:100]}")


def _read_json(path: Path) -> Iterator[Row | Bad]:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise Unreadable("This JSON file is too large to be read at once; send it as .jsonl, one task a line.")
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"The file is not JSON: {str(error)[:200]}") from None
    if not isinstance(found, list):
        raise Unreadable("The file must hold a list of tasks or of predictions.")
    for number, one in enumerate(found, start=1):
        yield from _read_object(one, number)


def _read_object(one: Any, line: int) -> Iterator[Row | Bad]:
    """A Label Studio task with its newest prediction, or an object with the columns of a table."""
    if not isinstance(one, Mapping):
        yield Bad(line, "This is not an object.")
    elif isinstance(one.get("data"), Mapping):
        predictions = one.get("predictions")
        if not isinstance(predictions, list) or not predictions or not isinstance(predictions[-1], Mapping):
            yield Bad(line, "The task has no predictions.")
            return
        last = predictions[-1]
        score, version = _read_score(last.get("score")), str(last.get("model_version") or "")
        yield Row(line, data=one["data"], result=last.get("result"), score=score, version=version)
    else:
        yield _read_record({str(key).lower(): value for key, value in one.items()}, line)


def _read_record(record: Mapping[str, Any], line: int) -> Row | Bad:
    label, result = _pick(record, LABEL), record.get("result")
    if label in (None, "") and not isinstance(result, list):
        return Bad(line, "There is no answer.")
    whose = _read_whose(record)
    if whose is None:
        return Bad(line, "It does not say which item is meant.")
    said: dict[str, Any] = (
        {"label": "", "result": result} if isinstance(result, list) else {"label": str(label).strip()}
    )
    version = str(_pick(record, VERSION) or "")
    return Row(line, score=_read_score(_pick(record, SCORE)), version=version, **whose, **said)


def _read_spans(records: Iterable[tuple[dict[str, Any], int]]) -> Iterator[Row | Bad]:
    """A row a span; those of an item stand together, and are one prediction, as sure as they are on average."""
    seen: set[int] = set()
    for whose, rows in groupby(records, key=lambda record: _read_whose(record[0])):
        first, *_ = together = list(rows)
        if whose is None or hash(str(whose)) in seen:
            reason = (
                "It does not say which item is meant." if whose is None else "Rows of one item must stand together."
            )
            yield from (Bad(line, reason) for _, line in together)
            continue
        seen.add(hash(str(whose)))
        spans, scores = [], []
        for record, line in together:
            try:
                start, end, label = int(record["start"]), int(record["end"]), str(_pick(record, LABEL) or "").strip()
            except (TypeError, ValueError):
                yield Bad(line, "start and end must be whole numbers.")
                continue
            spans.append(Span(start, end, label))
            scores.append(_read_score(_pick(record, SCORE)))
        if spans:
            known = [score for score in scores if score is not None]
            score = sum(known) / len(known) if known else None
            version = str(_pick(first[0], VERSION) or "")
            yield Row(first[1], spans=tuple(spans), score=score, version=version, **whose)


def _read_whose(record: Mapping[str, Any]) -> dict[str, Any] | None:
    numbers: tuple[tuple[tuple[str, ...], str], ...] = ((ITEM, "item"), (TASK, "task"))
    for names, field in numbers:
        found = str(_pick(record, names) or "").strip()
        if found.isdecimal() and len(found) <= 18:
            return {field: int(found)}
    words: tuple[tuple[tuple[str, ...], str], ...] = ((SOURCE, "source"), (TEXT, "text"))
    for names, field in words:
        found = _pick(record, names)
        if isinstance(found, str) and found.strip():
            return {field: found}
    return None


def _pick(record: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((record[name] for name in names if record.get(name) not in (None, "")), None)


def _read_score(said: Any) -> float | None:
    try:
        score = float(said)
    except (TypeError, ValueError):
        return None
    return score if math.isfinite(score) else None
