"""How the crawl's two processes talk over a pipe: JSON messages, each with its bytes behind it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

HEAD = struct.Struct("<II")  # bytes of JSON, number of blobs
SIZE = struct.Struct("<Q")


def write_frame(stream: BinaryIO, message: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Send one message at once."""
    content = orjson.dumps(message)
    parts = [HEAD.pack(len(content), len(blobs)), content]
    for blob in blobs:
        parts += (SIZE.pack(len(blob)), blob)
    stream.write(b"".join(parts))
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next message with its blobs; None where the other side is gone."""
    head = _read(stream, HEAD.size)
    if head is None:
        return None
    length, count = HEAD.unpack(head)
    content = _read(stream, length)
    blobs = []
    for _ in range(count):
        size = _read(stream, SIZE.size)
        blob = _read(stream, SIZE.unpack(size)[0]) if size else None
        if blob is None:
            return None
        blobs.append(blob)
    return None if content is None else (orjson.loads(content), blobs)


def _read(stream: BinaryIO, count: int) -> bytes | None:
    parts, missing = [], count
    while missing:
        part = stream.read(missing)
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
