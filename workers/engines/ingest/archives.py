"""Reads zip archives as hostile input: nothing is ever written under a member's own name."""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.errors import Refused

ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
NESTED_MAGICS = (
    ZIP_MAGIC,
    EMPTY_ZIP_MAGIC,
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"BZh",
    b"\xfd7zXZ\x00",
)
RATIO_FROM_BYTES = 1 << 20
ENCRYPTED_FLAG = 0x1
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError)
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def member_name(member: zipfile.ZipInfo) -> str:
    """The member's path with forward slashes, whoever made the archive."""
    return member.filename.replace("\\", "/")


def is_zip(head: bytes) -> bool:
    return head.startswith((ZIP_MAGIC, EMPTY_ZIP_MAGIC))


def is_litter(name: str) -> bool:
    """What operating systems leave behind; skipped without a word."""
    last = name.rsplit("/", 1)[-1]
    return name.startswith(LITTER[0]) or "/__MACOSX/" in name or last in LITTER[1:] or last.startswith("._")


class Archive:
    """A zip file whose directory has been checked; members are checked one by one as they are read."""

    def __init__(self, path: str | Path, limits: IngestLimits):
        self.limits = limits
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, EOFError):
            raise Refused("the archive is damaged or incomplete") from None
        self.members = [m for m in self._zip.infolist() if not m.is_dir() and not is_litter(member_name(m))]
        try:
            self._check_whole()
        except Refused:
            self.close()
            raise

    def close(self) -> None:
        self._zip.close()

    def __iter__(self) -> Iterator[zipfile.ZipInfo]:
        return iter(self.members)

    def open(self, member: zipfile.ZipInfo) -> BinaryIO:
        """A stream of the member's content. Raises Refused with the reason when it may not be read."""
        check_member(member, self.limits)
        try:
            return self._zip.open(member)  # type: ignore[return-value]
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
            raise Refused(f"the file cannot be unpacked ({error})"[:200]) from None

    def read(self, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
        """The member's content, never more than `max_bytes`. Raises Refused."""
        if member.file_size > max_bytes:
            raise Refused(f"the file is larger than {max_bytes // 1_000_000} MB")
        with self.open(member) as stream, unpacking():
            content = stream.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise Refused(f"the file is larger than {max_bytes // 1_000_000} MB")
        return content

    def _check_whole(self) -> None:
        if len(self.members) > self.limits.members:
            raise Refused(f"the archive has more than {self.limits.members:,} files")
        if sum(m.file_size for m in self.members) > self.limits.archive_bytes:
            raise Refused(f"the archive unpacks to more than {self.limits.archive_bytes // 1_000_000_000} GB")
        end = 0
        for member in sorted(self.members, key=lambda m: m.header_offset):
            if member.header_offset < end:
                raise Refused("the archive's files overlap: it was made to unpack without end")
            end = member.header_offset + member.compress_size


class unpacking:  # used like a keyword: with unpacking(): …
    """Turns what zipfile, tarfile and zlib raise about damaged data into Refused."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, DAMAGED):
            raise Refused("the file inside the archive is damaged") from None


def leaves_archive(name: str) -> bool:
    """Whether a member's path, with forward slashes, points outside of the folder it would be unpacked in."""
    return "\x00" in name or name.startswith("/") or ".." in name.split("/") or name[1:2] == ":"


def check_member(member: zipfile.ZipInfo, limits: IngestLimits) -> None:
    """Raises Refused for names, kinds and sizes that no honest archive has."""
    name = member.orig_filename.replace("\\", "/")
    if leaves_archive(name):
        raise Refused("the file's path leaves the archive")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused("links are not followed")
    if member.flag_bits & ENCRYPTED_FLAG:
        raise Refused("the file is protected by a password; upload it unprotected")
    packed = max(member.compress_size, 1)
    if member.file_size > RATIO_FROM_BYTES and member.file_size / packed > limits.member_ratio:
        raise Refused("the file unpacks to far more than its size: a decompression bomb")
