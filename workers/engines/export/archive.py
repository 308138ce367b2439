"""A zip that grows on disk: pictures stored as they are, text packed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import TracebackType

PACKED = zipfile.ZIP_DEFLATED
STORED = zipfile.ZIP_STORED
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same items give the same file, whenever it is made


class Archive:
    """Used as a context manager; names inside are ours, never a user's."""

    def __init__(self, path: Path):
        self._zip = zipfile.ZipFile(path, "w", allowZip64=True)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()

    def add(self, name: str, content: bytes | str, *, is_packed: bool = False) -> None:
        """One file from memory."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = PACKED if is_packed or isinstance(content, str) else STORED
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, content)

    def add_file(self, name: str, path: Path, *, is_packed: bool = False) -> None:
        """One file from disk, without holding it in memory."""
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = PACKED if is_packed else STORED
        info.external_attr = 0o644 << 16
        info.file_size = path.stat().st_size
        with open(path, "rb") as source, self._zip.open(info, "w") as target:
            while block := source.read(1 << 20):
                target.write(block)
