"""Files of a server folder or a bucket: listed, the unchanged ones left out, the others brought here."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from lifecycle.contracts.engine import Canceled, ShouldStop
from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.sources import BucketConfig, CollectSpec, FolderConfig, Surroundings
from workers.engines.collect.buckets import explaining, open_client
from workers.engines.collect.companions import Companions
from workers.engines.collect.errors import SourceError
from workers.engines.collect.places import check_inside
from workers.engines.ingest.label_files import split_of_name
from workers.engines.ingest.sources import clean_name

PARALLEL = 8
COPY_BYTES = 1 << 20
HEAD_BYTES = 4 << 20


@dataclass(frozen=True)
class Found:
    """One file: `name` below the folder or prefix, `place` where it lies, `mark` changes when its content does."""

    name: str
    place: str
    size: int
    mark: str


class Folder:
    """A folder on the server. Links are not followed; hidden files are left out."""

    def __init__(self, config: FolderConfig, surroundings: Surroundings):
        self._root = check_inside(config.path, surroundings.folders, "folder")
        self._patterns = config.patterns
        if not self._root.is_dir():
            raise SourceError(f"There is no folder {config.path} on the server.")
        self.skipped_links = 0

    def list(self) -> Iterator[Found]:
        """All files, by name."""
        for parent, folders, names in os.walk(self._root, followlinks=False, onerror=_raise):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and not self._is_link(Path(parent, f)))
            for name in sorted(names):
                path = Path(parent, name)
                if name.startswith(".") or self._is_link(path) or not path.is_file():
                    continue
                facts = path.stat()
                relative = path.relative_to(self._root).as_posix()
                if fits(relative, self._patterns):
                    yield Found(relative, str(path), facts.st_size, f"{facts.st_size}-{facts.st_mtime_ns}")

    def bring(self, found: Sequence[Found], folder: Path, should_stop: ShouldStop, tell: Callable[[int], None]) -> dict:
        """Nothing to bring: the files are read where they lie."""
        return {file.place: file.place for file in found}

    def head(self, found: Found, folder: Path) -> Path:
        return Path(found.place)

    def _is_link(self, path: Path) -> bool:
        is_link = path.is_symlink()
        self.skipped_links += is_link
        return is_link


class Bucket:
    """Objects under a prefix. Their keys never become paths on this machine."""

    def __init__(self, config: BucketConfig, secrets: Mapping[str, str], surroundings: Surroundings):
        self._config = config
        self._client = open_client(config, secrets, surroundings)
        self.skipped_links = 0

    def list(self) -> Iterator[Found]:
        """All objects, by key, a thousand at a time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._config.bucket, Prefix=self._config.prefix
        )
        with explaining():
            for page in pages:
                for entry in page.get("Contents") or ():
                    key, size = entry["Key"], entry["Size"]
                    name = key.removeprefix(self._config.prefix).lstrip("/") or key.rsplit("/", 1)[-1]
                    if not key.endswith("/") and fits(name, self._config.patterns):
                        yield Found(name, key, size, entry["ETag"].strip('"')[:200])

    def bring(self, found: Sequence[Found], folder: Path, should_stop: ShouldStop, tell: Callable[[int], None]) -> dict:
        """Download; {key: local path}. What an earlier attempt brought is kept."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = {file.place: str(folder / _hash(file.place + "\0" + file.mark)) for file in found}

        def fetch(file: Found) -> int:
            target = Path(paths[file.place])
            if should_stop():
                raise Canceled
            if not target.exists():
                self._download(file, target)
            return file.size

        with ThreadPoolExecutor(PARALLEL) as pool:
            for done, _ in enumerate(pool.map(fetch, found), start=1):
                tell(done)
        return paths

    def head(self, found: Found, folder: Path) -> Path:
        """The start of an object, cut at the last whole line, or all of a small one."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"head-{_hash(found.place)}"
        with explaining():
            body = self._client.get_object(Bucket=self._config.bucket, Key=found.place)["Body"]
            content = body.read(HEAD_BYTES)
            body.close()
        if found.size > HEAD_BYTES:
            content = content[: content.rfind(b"\n") + 1]
        target.write_bytes(content)
        return target

    def _download(self, file: Found, target: Path) -> None:
        temporary = target.with_suffix(".part")
        with explaining():
            body = self._client.get_object(Bucket=self._config.bucket, Key=file.place)["Body"]
            with open(temporary, "wb") as out:
                shutil.copyfileobj(body, out, COPY_BYTES)
        os.replace(temporary, target)


def choose_changed(files: Iterator[Found], known: set[int], limits: IngestLimits, workdir: Path) -> list[Found]:
    """Those whose mark is not known. Raises SourceError when they are too many or too large for this worker."""
    found = [file for file in files if hash_mark(file.place, file.mark) not in known]
    _check_cost(found, limits, workdir)
    return found


def choose_companions(
    files: Iterator[Found], known: set[int], companions: Companions, limits: IngestLimits, workdir: Path
) -> list[Found]:
    """Unchanged files that belong to changed ones. Raises SourceError as `choose_changed` does."""
    found = [file for file in files if companions.wants(file.name) and hash_mark(file.place, file.mark) in known]
    _check_cost(found, limits, workdir)
    return found


class Listed:
    """The names that stand in a folder or bucket, written down one a line; label files may speak of any of them."""

    def __init__(self, path: Path):
        self.path = path
        self.hashes = path.with_suffix(".hashes")  # of where they lie, one a line
        self._splits: set[str] = set()

    @property
    def are_splits(self) -> bool:
        return len(self._splits) > 1

    def note(self, files: Iterator[Found]) -> Iterator[Found]:
        """The same files; their names are noted while they go by."""
        with self.path.open("w", encoding="utf-8") as out, self.hashes.open("w", encoding="utf-8") as hashes:
            for file in files:
                name = clean_name(file.name)
                out.write(name + "\n")
                hashes.write(hash_path(file.place) + "\n")
                self._splits.update([split] if (split := split_of_name(name)) else [])
                yield file


def _check_cost(found: Sequence[Found], limits: IngestLimits, workdir: Path) -> None:
    if len(found) > limits.members:
        raise SourceError(f"There are more than {limits.members:,} new files; narrow the folder, prefix or patterns.")
    total, free = sum(file.size for file in found), shutil.disk_usage(workdir).free
    if total > min(limits.archive_bytes, free):
        raise SourceError(
            f"The new files have {total / 1e9:.1f} GB together; this worker can take "
            f"{min(limits.archive_bytes, free) / 1e9:.1f} GB at once. Narrow the prefix or the patterns."
        )


def read_marks(path: str) -> set[int]:
    """Known objects, from lines of path hash and mark, as numbers: a million take 70 MB."""
    if not path:
        return set()
    with open(path, encoding="utf-8") as lines:
        return {hash(line.rstrip("\n")) for line in lines}


def hash_mark(place: str, mark: str) -> int:
    """As `read_marks` has it; only good within one process."""
    return hash(f"{hash_path(place)}\t{mark}")


def hash_path(place: str) -> str:
    """32 hex digits that stand for a path or key, whatever bytes it has."""
    return _hash(place)[:32]


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Does the name, or its last part, match any pattern? Without patterns every name does."""
    lower = name.lower()
    return not patterns or any(
        fnmatch(lower, p.lower()) or fnmatch(lower.rsplit("/", 1)[-1], p.lower()) for p in patterns
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _raise(error: OSError) -> None:
    raise SourceError(f"A folder cannot be read: {error.strerror} ({error.filename}).")


def open_place(spec: CollectSpec) -> Folder | Bucket:
    """The folder or bucket of a source."""
    config = dict(spec.config)
    patterns = tuple(config.pop("patterns", ()))
    if spec.kind == "folder":
        return Folder(FolderConfig(path=config["path"], patterns=patterns), spec.surroundings)
    if spec.kind == "bucket":
        return Bucket(BucketConfig(**config, patterns=patterns), spec.secrets, spec.surroundings)
    raise SourceError(f"A source of the kind “{spec.kind}” has no files to list.")


def write_marks(found: Sequence[Found], path: Path) -> None:
    """Lines of path hash, mark and path: what the store remembers of each file."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as out:
        out.writelines(_mark_lines(found))


def _mark_lines(found: Sequence[Found]) -> Iterator[str]:
    for file in found:
        place = file.place.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        yield f"{hash_path(file.place)}\t{file.mark}\t{place}\n"
