"""Reads tar archives, also compressed ones, as hostile input: in one pass, nothing ever written under its own name."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.archives import is_litter, leaves_archive
from workers.engines.ingest.errors import Refused

PACKED_MAGICS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257
CUT = (tarfile.TruncatedHeaderError, tarfile.EmptyHeaderError)  # type: ignore[attr-defined]
RATIO_FROM_BYTES = 64 << 20
DAMAGED = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


def is_tar(head: bytes) -> bool:
    """By content: a tar, or something compressed that should hold one."""
    return head[TAR_MAGIC_AT:].startswith(TAR_MAGIC) or head.startswith(PACKED_MAGICS)


class _StrictInfo(tarfile.TarInfo):
    """A header that is missing or cut ends the archive with a word, where tarfile ends it in silence."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tar)
        except CUT:
            raise Refused("the archive is damaged: its end is missing") from None


class TarArchive:
    """The files of a tar in order. Each must be read, or passed over, before the next is asked for."""

    def __init__(self, path: str | Path, limits: IngestLimits):
        self.limits = limits
        self._packed_bytes = max(Path(path).stat().st_size, 1)
        self._unpacked = self._count = 0
        try:
            self._tar = tarfile.open(path, "r|*", tarinfo=_StrictInfo)  # noqa: SIM115  closed by close()
        except DAMAGED:
            raise Refused("the archive is damaged, or it is a compressed file that holds no tar") from None

    def close(self) -> None:
        self._tar.close()

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        """The files. Raises Refused when the archive is damaged from here on, or larger than any honest one."""
        while member := self._step():
            if not member.isdir() and not is_litter(member.name):
                yield member

    def open(self, member: tarfile.TarInfo) -> BinaryIO:
        """A stream of the member's content. Raises Refused with the reason when it may not be read."""
        if leaves_archive(member.name):
            raise Refused("the file's path leaves the archive")
        if member.issym() or member.islnk():
            raise Refused("links are not followed")
        if not member.isfile():
            raise Refused("this is no ordinary file")
        stream = self._tar.extractfile(member)
        if stream is None:
            raise Refused("the file inside the archive is damaged")
        return cast(BinaryIO, stream)

    def read(self, member: tarfile.TarInfo, max_bytes: int) -> bytes:
        """The member's content, never more than `max_bytes`. Raises Refused."""
        if member.size > max_bytes:
            raise Refused(f"the file is larger than {max_bytes // 1_000_000} MB")
        try:
            content = self.open(member).read(max_bytes + 1)
        except DAMAGED:
            raise Refused("the file inside the archive is damaged") from None
        if len(content) != member.size:
            raise Refused("the file inside the archive is damaged")
        return content

    def _step(self) -> tarfile.TarInfo | None:
        try:
            member = self._tar.next()
        except DAMAGED:
            raise Refused("the archive is damaged from here on") from None
        self._tar.members = []  # type: ignore[attr-defined]  # a streamed tar remembers every member it passed
        if member is not None:
            self._count += 1
            self._unpacked += max(member.size, 0)
            self._check_whole()
        return member

    def _check_whole(self) -> None:
        if self._count > self.limits.members:
            raise Refused(f"the archive has more than {self.limits.members:,} files; the rest was left out")
        if self._unpacked > self.limits.archive_bytes:
            raise Refused(f"the archive unpacks to more than {self.limits.archive_bytes // 1_000_000_000} GB")
        ratio = self._unpacked / self._packed_bytes
        if self._unpacked > RATIO_FROM_BYTES and ratio > self.limits.member_ratio:
            raise Refused("the archive unpacks to far more than its size: a decompression bomb")
