"""Files on this machine by the SHA-256 of their content: written whole or not at all, checked when they are read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import CorruptedData

try:
    import fcntl
except ImportError:  # Windows: processes that want the same at the same time fetch it each for themselves
    fcntl = None  # type: ignore[assignment]


def default_folder() -> Path:
    """GRISTMILL_CACHE, else a folder in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("GRISTMILL_CACHE") or Path(home) / "gristmill")


class ContentFolder:
    """Blobs at ``aa/<sha256>``, as Gristmill itself lays them out; older folders have some at ``aa/bb/<sha256>``."""

    def __init__(self, root: str | Path):
        self.root = Path(root)
        self._checked: set[str] = set()

    def locate(self, digest: str) -> Path:
        """Where a blob is, or would be."""
        path = self.root / digest[:2] / digest
        if not path.exists() and (older := path.parent / digest[2:4] / digest).exists():
            return older
        return path

    def has(self, digest: str, byte_size: int | None = None) -> bool:
        """Whether it is there, and as long as it should be."""
        try:
            found = os.stat(self.locate(digest)).st_size
        except FileNotFoundError:
            return False
        return byte_size is None or found == byte_size

    def put(self, digest: str, content: bytes) -> Path:
        """Keep verified bytes; raises CorruptedData when they are not what they are called."""
        if hashlib.sha256(content).hexdigest() != digest:
            raise CorruptedData(f"The server sent other bytes than {digest[:12]}…")
        target = self.locate(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.replace(temporary, target)
        self._checked.add(digest)
        return target

    def adopt(self, digest: str, path: Path) -> Path:
        """Move a complete file in; raises CorruptedData, and removes it, when it is not what it is called."""
        if hash_file(path) != digest:
            path.unlink()
            raise CorruptedData(f"The server sent other bytes than {digest[:12]}…")
        target = self.locate(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
        self._checked.add(digest)
        return target

    def read(self, digest: str, *, verify: bool = True) -> bytes:
        """The content, hashed the first time it is read in this process. FileNotFoundError, or CorruptedData."""
        path = self.locate(digest)
        if not verify or digest in self._checked:
            return path.read_bytes()
        content = read_checked(path)
        self._checked.add(digest)
        return content

    @contextmanager
    def reserve(self, digest: str) -> Iterator[None]:
        """Whoever else, in any thread or process, wants to fetch this one waits until it is here."""
        if fcntl is None:
            yield
            return
        lock = self.root / "parts" / f"{digest}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with open(lock, "wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        lock.unlink(missing_ok=True)

    def is_sound(self, digest: str) -> bool:
        """Whether it is there with the right content."""
        path = self.locate(digest)
        return path.is_file() and hash_file(path) == digest

    def drop(self, digest: str) -> None:
        self._checked.discard(digest)
        self.locate(digest).unlink(missing_ok=True)


def read_checked(path: Path) -> bytes:
    """The content of a file that is named by its hash. FileNotFoundError, or CorruptedData."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != path.name:
        raise CorruptedData(f"{path} is damaged.")
    return content


def hash_file(path: Path) -> str:
    """Hex SHA-256 of a file of any size."""
    running = hashlib.sha256()
    with open(path, "rb") as source:
        while block := source.read(1 << 20):
            running.update(block)
    return running.hexdigest()
