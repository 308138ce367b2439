"""The files inside an archive of labels, read with the limits of every import."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import PurePosixPath
from types import TracebackType
from typing import BinaryIO

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.archives import Archive, member_name, unpacking
from workers.engines.ingest.sounds import SUFFIXES as SOUNDS

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
Index = dict[str, list[str]]


class Members:
    """Used as a context manager. Reading raises engines.ingest.errors.Refused."""

    def __init__(self, path: str):
        self._limits = IngestLimits()
        self._archive = Archive(path, self._limits)
        self._by_name = {member_name(member): member for member in self._archive}

    def __enter__(self) -> Members:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._archive.close()

    def list(self, *suffixes: str) -> list[str]:
        """Names that end so, in the order of the archive."""
        return [name for name in self._by_name if PurePosixPath(name.lower()).suffix in suffixes]

    def read(self, name: str) -> bytes:
        if name not in self._by_name:
            raise ValueError(f"there is no file {name[:80]} in the archive")
        return self._archive.read(self._by_name[name], self._limits.label_file_bytes)

    def read_text(self, name: str) -> str:
        return self.read(name).decode("utf-8-sig", "replace")

    def index_pictures(self) -> Index:
        """{file name without ending: names} of the pictures that came along; masks are none."""
        return self._index(name for name in self.list(*PICTURES) if not name.startswith("masks/"))

    def index_sounds(self) -> Index:
        """{file name without ending: names} of the sounds that came along."""
        return self._index(self.list(*SOUNDS))

    def copy(self, name: str, out: BinaryIO) -> None:
        """Write a member's content, however large."""
        with self._archive.open(self._by_name[name]) as stream, unpacking():
            shutil.copyfileobj(stream, out, 1 << 20)
        out.flush()

    def _index(self, names: Iterable[str]) -> Index:
        found: Index = {}
        for name in names:
            found.setdefault(PurePosixPath(name).stem, []).append(name)
        return found
