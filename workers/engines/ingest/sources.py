"""All files of an import in one row, whether uploaded alone, in folders or inside an archive."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from lifecycle.contracts.ingest import IngestLimits, Reject
from workers.engines.ingest.archives import NESTED_MAGICS, Archive, is_litter, is_zip, member_name, unpacking
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.packed import PackedFile, is_packed_alone
from workers.engines.ingest.records import Position
from workers.engines.ingest.tars import TarArchive, is_tar

HEAD_BYTES = 512


class Opened(Protocol):
    """An archive whose members are checked one by one as they are read."""

    def read(self, member: Any, max_bytes: int) -> bytes: ...

    def open(self, member: Any) -> BinaryIO: ...

    def close(self) -> None: ...

    def __iter__(self) -> Iterator[Any]: ...


@dataclass(frozen=True)
class SourceFile:
    """One file to import. `name` has the folders in it; `uri` also says which archive it lies in."""

    position: Position
    name: str
    uri: str
    path: Path | None = None
    archive: Opened | None = None
    member: Any = None
    content: bytes | None = None  # of a picture that is a cell of a table

    def read(self, max_bytes: int) -> bytes:
        """The whole content; Refused when it is larger than `max_bytes` or cannot be read."""
        if self.content is not None:
            content = self.content
        elif self.archive:
            content = self.archive.read(self.member, max_bytes)
        else:
            assert self.path
            if self.path.stat().st_size > max_bytes:
                raise Refused(f"the file is larger than {max_bytes // 1_000_000} MB")
            content = self.path.read_bytes()
        if len(content) > max_bytes:
            raise Refused(f"the file is larger than {max_bytes // 1_000_000} MB")
        if self.archive and content.startswith(NESTED_MAGICS):
            raise Refused("an archive inside an archive is not opened; upload it by itself")
        return content

    def peek(self) -> bytes:
        """The first HEAD_BYTES; Refused when they cannot be read."""
        if self.path:
            return read_head(self.path)
        assert self.archive
        with self.archive.open(self.member) as stream, unpacking():
            return stream.read(HEAD_BYTES)

    def read_when(self, is_wanted: Callable[[bytes], bool], max_bytes: int) -> bytes | None:
        """The whole content if `is_wanted` likes its first HEAD_BYTES, else None; Refused as `read` is.

        The head and the rest come out of one stream: a tar cannot be gone back in.
        """
        if self.path:
            return self.read(max_bytes) if is_wanted(read_head(self.path)) else None
        assert self.archive
        with self.archive.open(self.member) as stream, unpacking():
            head = stream.read(HEAD_BYTES)
            if not is_wanted(head):
                return None
            content = head + stream.read(max_bytes + 1 - len(head))
        if len(content) > max_bytes:
            raise Refused(f"the file is larger than {max_bytes // 1_000_000} MB")
        return content

    @contextmanager
    def on_disk(self, workdir: Path) -> Iterator[Path]:
        """A local path with the content, however large."""
        if self.path:
            yield self.path
            return
        assert self.archive
        with tempfile.NamedTemporaryFile(dir=workdir, prefix="member-") as copy:
            with self.archive.open(self.member) as stream, unpacking():
                shutil.copyfileobj(stream, copy, 1 << 20)
            copy.flush()
            copy.seek(0)
            if copy.read(HEAD_BYTES).startswith(NESTED_MAGICS):
                raise Refused("an archive inside an archive is not opened; upload it by itself")
            yield Path(copy.name)


def iterate_sources(
    paths: Sequence[tuple[str, str]], limits: IngestLimits, *, start: int = 0
) -> Iterator[SourceFile | tuple[Position, Reject]]:
    """Every file, in order, from the `start`-th upload on; what cannot even be opened comes as a Reject."""
    for number in range(start, len(paths)):
        name, path = clean_name(paths[number][0]), Path(paths[number][1])
        if is_litter(name):
            continue
        head = read_head(path)
        if is_zip(head):
            yield from _iterate_archive(number, name, path, limits, Archive, member_name)
        elif is_packed_alone(path, name):
            yield from _iterate_archive(number, name, path, limits, PackedFile, partial(_name_packed, name))
        elif is_tar(head):
            yield from _iterate_archive(number, name, path, limits, TarArchive, lambda member: member.name)
        else:
            yield SourceFile(Position(number), name, name, path=path)


def _name_packed(name: str, member: object) -> str:
    return name.rpartition(".")[0]


def _iterate_archive(number: int, name: str, path: Path, limits: IngestLimits, kind: Callable[..., Opened],
                     name_of: Callable[[Any], str]) -> Iterator[SourceFile | tuple[Position, Reject]]:  # fmt: skip
    try:
        archive = kind(path, limits)
    except Refused as refused:
        yield Position(number), Reject(name, None, str(refused))
        return
    index = -1
    try:
        for index, member in enumerate(archive):
            inside = name_of(member)
            yield SourceFile(Position(number, index), inside, f"{name}!{inside}", archive=archive, member=member)
    except Refused as refused:
        yield Position(number, index + 1), Reject(name, None, str(refused))
    finally:
        archive.close()


def list_names(paths: Sequence[tuple[str, str]], limits: IngestLimits) -> list[str]:
    """The names of all files, archives looked into."""
    return [s.name for s in iterate_sources(paths, limits) if isinstance(s, SourceFile)]


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    with open(path, "rb") as source:
        return source.read(size)


def clean_name(name: str) -> str:
    """A name as it may be shown and stored: forward slashes, nothing that leaves the folder, no control characters."""
    parts = name.replace("\\", "/").split("/")
    kept = [p for p in parts if p not in ("", ".", "..")]
    text = "/".join(kept)
    return "".join(c if c.isprintable() else "\ufffd" for c in text)[:1000] or "file"
