"""A run's quarantine as a file that a person can correct and send back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import NotFound
from lifecycle.contracts.sources import FORMULA_STARTS, QUARANTINE_COLUMNS
from lifecycle.datasets.models import Collection

BLOCK_BYTES = 1 << 16
LINES_PER_BLOCK = 500


def stream_quarantine(collection: Collection, kind: str) -> Iterator[bytes]:
    """The rows that were set aside, as ``csv`` or ``jsonl``. NotFound when there are none, or no such form."""
    if not collection.rejects_blob:
        raise NotFound("This run set nothing aside.")
    if kind not in ("csv", "jsonl"):
        raise NotFound("A quarantine comes as csv or jsonl.")
    return _stream_csv(collection.rejects_blob) if kind == "csv" else _stream_blob(collection.rejects_blob)


def _stream_blob(blob: str) -> Iterator[bytes]:
    with open_blobs(settings.STORAGE_URL).open(blob) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _stream_csv(blob: str) -> Iterator[bytes]:
    columns = list(dict.fromkeys(name for entry in _read(blob) for name in entry.get("row") or ()))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([escape_cell(name) for name in columns] + list(QUARANTINE_COLUMNS))
    for number, entry in enumerate(_read(blob), start=1):
        row = entry.get("row") or {}
        cells = [row.get(name) for name in columns] + [entry["source"], entry["line"], entry["reason"]]
        writer.writerow([escape_cell(cell) for cell in cells])
        if number % LINES_PER_BLOCK == 0:
            yield _take(out)
    yield _take(out)


def _read(blob: str) -> Iterator[dict[str, Any]]:
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
