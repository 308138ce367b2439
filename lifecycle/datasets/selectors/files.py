"""What a loader asks for: what a version is made of, its chunks, and the files that a chunk names."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import DatasetVersion
from lifecycle.datasets.selectors.versions import load_index, locate_chunks
from lifecycle.datasets.settling import read_settled

FRAME = struct.Struct("<IQ")  # row in the chunk, length of the content that follows
MAX_ROWS = 5_000


def describe_manifest(version: DatasetVersion) -> dict[str, Any]:
    """Everything a program needs to fetch the version."""
    dataset = version.dataset
    project = dataset.project
    problem = get_problem_type(project.problem_type)
    chunks = load_index(version).chunks
    return {
        "project": project.slug,
        "dataset": dataset.name,
        "number": version.number,
        "tags": list(version.tags.values_list("name", flat=True)),
        "content_hash": version.content_hash,
        "item_kind": str(problem.item_kind),
        "problem_type": problem.key,
        "label_kind": str(problem.label_kind),
        "classes": version.classes,
        "columns": [name for name, _ in read_settled(version).columns],
        "item_count": version.item_count,
        "splits": version.summary.get("splits", {}),
        "created_at": version.created_at,
        "chunks": [
            {"blob": c.blob, "rows": c.rows, "byte_size": c.byte_size or None, "splits": c.splits} for c in chunks
        ],
    }


def find_chunk(version: DatasetVersion, digest: str) -> Path:
    """A local path of one of the version's chunks; NotFound for any other blob."""
    found = [chunk for chunk in load_index(version).chunks if chunk.blob == digest]
    if not found:
        raise NotFound("This version has no such chunk.")
    return locate_chunks(found)[0]


def list_blobs(chunk: Path, rows: Sequence[int]) -> list[str]:
    """The blob of each of these rows of a chunk. NotFound for a row that is not there or has no file."""
    names = pq.read_table(chunk, columns=["blob"])["blob"].to_pylist()
    if any(row >= len(names) or not names[row] for row in rows):
        raise NotFound("There is no file behind one of these rows.")
    return [names[row] for row in rows]


def parse_rows(text: str) -> list[int]:
    """``0-4,9`` as numbers. DomainError for anything else, and for too many at once."""
    rows: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in (first, last or first)):
            raise DomainError("Name rows like 0-4,9.", fields={"rows": "Numbers and ranges, with commas between."})
        count = int(last or first) - int(first) + 1
        if count < 1 or len(rows) + count > MAX_ROWS:
            raise DomainError(f"Ask for at most {MAX_ROWS:,} rows at once.")
        rows += range(int(first), int(last or first) + 1)
    return rows


def stream_blobs(rows: Sequence[int], names: Sequence[str]) -> Iterator[bytes]:
    """Many files in one answer: for each a frame with its row and length, then its content."""
    blobs = open_blobs(settings.STORAGE_URL)
    for row, name in zip(rows, names, strict=True):
        content = blobs.get(name)
        yield FRAME.pack(row, len(content)) + content


def fetch_blob(name: str) -> Path:
    """A local path of one file."""
    return open_blobs(settings.STORAGE_URL).fetch(name, Path(settings.GRISTMILL_HOME) / "cache" / "blobs")
