"""What readers hand to the writer: clean items, and where in the source they stood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lifecycle.contracts.ingest import Reject


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
    fingerprint: int | None = None  # engines.ingest.fingerprints, or row_prints
    result: str | None = None  # Label Studio's result list as JSON, where a label is more than a class or a number
    near_prints: bytes | None = None  # rows only: engines.ingest.row_prints, 8 bytes each, the lowest first
    event_time: str | None = None  # contracts.event_times
    event_time_origin: str | None = None  # what says so, for a person
    picture_print: bytes | None = None  # pictures only: engines.ingest.picture_prints; empty where one can have none


class Batch(NamedTuple):
    """Many outcomes at once: `columns` hold the fields of Record one by one, None for one that is null throughout."""

    position: Position  # of the last row
    size: int
    columns: Sequence[Sequence[object] | None]
    rejects: Sequence[Reject]
