"""A run's quarantine as a file that a person can correct and send back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.conf import settings

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import NotFound
from lifecycle.contracts.sources import FORMULA_STARTS, QUARANTINE_COLUMNS
from lifecycle.datasets.models import Collection

BLOCK_BYTES = 1 << 16
LINES_PER_BLOCK = 500
Read = Callable[[], Iterator[dict[str, Any]]]


def stream_quarantine(collection: Collection, kind: str) -> Iterator[bytes]:
    """The rows that were set aside, as ``csv`` or ``jsonl``. NotFound when there are none, or no such form."""
    if not collection.rejects_blob and not has_kept_rows(collection):
        raise NotFound("This run set nothing aside.")
    if kind not in ("csv", "jsonl"):
        raise NotFound("A quarantine comes as csv or jsonl.")
    blob = collection.rejects_blob
    if kind == "csv":
        return _stream_csv(partial(_read_blob, blob) if blob else partial(_read_rows, collection))
    return _stream_blob(blob) if blob else _stream_lines(_read_rows(collection))


def has_kept_rows(collection: Collection) -> bool:
    """Did a crawl set something aside?"""
    return collection.kind == Collection.Kind.CRAWL and collection.rejects.exists()


def _stream_blob(blob: str) -> Iterator[bytes]:
    with open_blobs(settings.STORAGE_URL).open(blob) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _stream_lines(entries: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for entry in entries:
        yield json.dumps(entry, ensure_ascii=True).encode() + b"\n"


def _stream_csv(read: Read) -> Iterator[bytes]:
    columns = list(dict.fromkeys(name for entry in read() for name in entry.get("row") or ()))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([escape_cell(name) for name in columns] + list(QUARANTINE_COLUMNS))
    for number, entry in enumerate(read(), start=1):
        row = entry.get("row") or {}
        cells = [row.get(name) for name in columns] + [entry["source"], entry["line"], entry["reason"]]
        writer.writerow([escape_cell(cell) for cell in cells])
        if number % LINES_PER_BLOCK == 0:
            yield _take(out)
    yield _take(out)


def _read_rows(collection: Collection) -> Iterator[dict[str, Any]]:
    """As the file of another source has them: without cells where there were none."""
    for source, line, reason, row in collection.rejects.values_list("source", "line", "reason", "row").iterator():
        yield {"source": source, "line": line, "reason": reason} | ({} if row is None else {"row": row})


def _read_blob(blob: str) -> Iterator[dict[str, Any]]:
    with open_blobs(settings.STORAGE_URL).open(blob) as stream:
        rest = b""
        while block := stream.read(BLOCK_BYTES):
            *lines, rest = (rest + block).split(b"\n")
            yield from (json.loads(line) for line in lines if line)


def _take(out: io.StringIO) -> bytes:
    content = out.getvalue().encode("utf-8", "replace")
    out.seek(0)
    out.truncate()
    return content


def escape_cell(cell: object) -> str:
    """The cell so that no spreadsheet runs it: text that could start a formula gets an apostrophe before it."""
    if cell is None:
        return ""
    text = str(cell)
    if isinstance(cell, (int, float)) or not text.startswith(FORMULA_STARTS) or _is_number(text):
        return text
    return "'" + text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text
