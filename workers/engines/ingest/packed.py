"""One file that was packed alone, as in reviews.csv.gz: an archive with a single member. Its content is hostile too."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.tars import RATIO_FROM_BYTES, TAR_MAGIC, TAR_MAGIC_AT

OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
SUFFIXES = (".gz", ".bz2", ".xz")
TAR_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz")
MEMBER_RATIO = 1_100  # deflate cannot do more than about 1,030; long runs of equal rows come near
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


def is_packed_alone(path: Path, name: str) -> bool:
    """By name and content: something packed that is no tar."""
    lower = name.lower()
    if not lower.endswith(SUFFIXES) or lower.removesuffix(PurePosixPath(lower).suffix).endswith(TAR_SUFFIXES):
        return False
    try:
        with _open(path) as stream:
            return not stream.read(512)[TAR_MAGIC_AT:].startswith(TAR_MAGIC)
    except DAMAGED:
        return False


class PackedFile:
    """The one file inside, named as the outer one without its last suffix."""

    def __init__(self, path: str | Path, limits: IngestLimits):
        self.limits, self._path = limits, Path(path)

    def close(self) -> None:
        """Nothing stays open between two looks."""

    def __iter__(self) -> Iterator[Path]:
        yield self._path

    def open(self, member: Path) -> BinaryIO:
        """The content, with the limits of an archive."""
        return cast("BinaryIO", io.BufferedReader(_Guarded(member, self.limits), 1 << 20))

    def read(self, member: Path, max_bytes: int) -> bytes:
        """The whole content, never more than one byte over `max_bytes`. Raises Refused."""
        with self.open(member) as stream:
            return stream.read(max_bytes + 1)


class _Guarded(io.RawIOBase):
    """Counts what was unpacked; Refused when it is damaged or more than any honest file."""

    def __init__(self, path: Path, limits: IngestLimits):
        self._stream, self._limits = _open(path), limits
        self._packed_bytes, self._unpacked = max(path.stat().st_size, 1), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            block = self._stream.read(len(buffer))
        except DAMAGED:
            raise Refused("the packed file is damaged") from None
        self._unpacked += len(block)
        ratio = self._unpacked / self._packed_bytes
        if self._unpacked > self._limits.archive_bytes or (self._unpacked > RATIO_FROM_BYTES and ratio > MEMBER_RATIO):
            raise Refused("the file unpacks to far more than its size: a decompression bomb")
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _open(path: Path) -> BinaryIO:
    with open(path, "rb") as source:
        head = source.read(6)
    opener = next((opener for magic, opener in OPENERS.items() if head.startswith(magic)), None)
    if opener is None:
        raise OSError("not packed in a way that is known")
    return cast("BinaryIO", opener(path, "rb"))
