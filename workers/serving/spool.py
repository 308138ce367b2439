"""The log of predictions on its way to Postgres: append-only files that outlive a killed process.

A worker appends and never reads; the clerk reads and never appends. A record is written before its answer is sent,
so whatever a client has seen is on file. An open file is locked by its writer: a lock that can be had means that the
writer is gone.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

OPEN, CLOSED = ".open", ".closed"
SEGMENT_BYTES = 32 * 2**20
SEGMENT_SECONDS = 10.0
MAX_SPOOL_BYTES = 4 * 2**30  # of one worker, while Postgres cannot be reached
DOORS = ("v1", "v2")

_FRAME = struct.Struct("<II")  # length, crc32 of what follows
_RECORD = struct.Struct("<16sqqqdfHBBIII")


class InputKind:
    """What the input part of a record is."""

    NONE, JSON, IMAGE, TENSORS = range(4)


@dataclass(frozen=True)
class Record:
    """One answered request. `input` is the body as sent, `output` the answer, `features` JSON when known already."""

    request_id: bytes
    deployment_id: int
    release_id: int
    model_version_id: int
    at: float  # seconds since 1970
    latency_ms: float
    status: int
    door: int  # index into DOORS
    kind: int
    input: bytes
    output: bytes
    features: bytes


def encode_record(
    request_id: bytes,
    deployment_id: int,
    release_id: int,
    model_version_id: int,
    latency_ms: float,
    status: int,
    door: int,
    kind: int,
    content: bytes,
    output: bytes,
    features: bytes = b"",
) -> bytes:
    """A record as the bytes of the file, frame included; `at` is now."""
    sizes = (len(content), len(output), len(features))
    head = _RECORD.pack(
        request_id, deployment_id, release_id, model_version_id, time.time(), latency_ms, status, door, kind, *sizes
    )
    payload = b"%b%b%b%b" % (head, content, output, features)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def read_records(path: Path, offset: int = 0) -> Iterator[tuple[Record, int]]:
    """Whole records from `offset` on, each with the offset behind it; a torn end is left alone."""
    with path.open("rb") as file:
        file.seek(offset)
        while True:
            frame = file.read(_FRAME.size)
            if len(frame) < _FRAME.size:
                return
            length, checksum = _FRAME.unpack(frame)
            if length < _RECORD.size:
                return
            payload = file.read(length)
            if len(payload) < length or zlib.crc32(payload) != checksum:
                return
            offset += _FRAME.size + length
            yield _decode(payload), offset


def _decode(payload: bytes) -> Record:
    fields = _RECORD.unpack_from(payload)
    bounds = list(accumulate(fields[-3:], initial=_RECORD.size))
    parts = [payload[start:end] for start, end in pairwise(bounds)]
    return Record(*(*fields[:-3], *parts))


class SpoolWriter:
    """One worker's side. `append` gathers, `flush` puts what was gathered on file with one system call."""

    def __init__(self, folder: Path, name: str):
        self.folder = folder
        self.name = name
        self.dropped = 0
        self._gathered: list[bytes] = []
        self._file: int | None = None
        self._path: Path
        self._sequence = 0
        self._size = 0
        self._opened_at = 0.0
        self._is_full = False
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, record: bytes) -> None:
        self._gathered.append(record)

    def flush(self) -> None:
        """Everything appended so far survives this process when this returns."""
        if not self._gathered:
            return
        content = b"".join(self._gathered)
        count = len(self._gathered)
        self._gathered.clear()
        if self._is_full:
            self.dropped += count
            return
        if self._file is None:
            self._open()
        try:
            _write_all(self._file, content)
        except OSError:  # a full disk: the answers go out, the loss is counted
            self.dropped += count
            self._close()
            return
        self._size += len(content)
        if self._size >= SEGMENT_BYTES:
            self._close()

    def tick(self) -> None:
        """Close a segment of a certain age, and look whether the spool has room; called about once a second."""
        if self._file is not None and time.monotonic() - self._opened_at > SEGMENT_SECONDS:
            self._close()
        held = sum(p.stat().st_size for p in self.folder.glob(f"{self.name}-*{CLOSED}") if p.exists())
        self._is_full = held > MAX_SPOOL_BYTES

    def take_dropped(self) -> int:
        """How many records were lost since this was asked last."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def close(self) -> None:
        self.flush()
        self._close()

    def _open(self) -> None:
        self._path = self.folder / f"{self.name}-{self._sequence:08d}{OPEN}"
        self._sequence += 1
        unseen = self._path.with_suffix(".new")  # locked before the clerk can find it
        self._file = os.open(unseen, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(unseen, self._path)
        self._size, self._opened_at = 0, time.monotonic()

    def _close(self) -> None:
        if self._file is not None:
            os.rename(self._path, self._path.with_suffix(CLOSED))
            os.close(self._file)
            self._file = None


def _write_all(file: int | None, content: bytes) -> None:
    assert file is not None
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def is_abandoned(path: Path) -> bool:
    """Whether the writer of an open segment is gone."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
