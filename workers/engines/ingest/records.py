"""What readers hand to the writer: clean items, and where in the source they stood."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa


class Position(NamedTuple):
    """Where in the sources an outcome stood; a resumed import goes on after the last one written."""

    source: int
    member: int = 0
    row: int = 0


class Record(NamedTuple):
    """One item; fields are the columns of contracts.ingest.IngestResult."""

    content_hash: str
    blob: str | None = None
    text: str | None = None
    row: str | None = None
    label: str | None = None
    group: str | None = None
    split: str | None = None
    source_uri: str = ""
    mime: str | None = None
    width: int | None = None
    height: int | None = None
    byte_size: int = 0


SCHEMA = pa.schema(
    [
        ("content_hash", pa.string()),
        ("blob", pa.string()),
        ("text", pa.string()),
        ("row", pa.string()),
        ("label", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("source_uri", pa.string()),
        ("mime", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("byte_size", pa.int64()),
    ]
)
