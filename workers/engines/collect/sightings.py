"""What a run saw of its source though nothing of it came in, and what it could not read: only beside these can be told
what is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lifecycle.contracts.sources import Coverage
from workers.engines.collect.files import hash_path

BASE = ""  # the place of all rows of a database


class Sightings:
    """Lines of key hash and name of a file; without a key hash the file was not read to its end, or not all of its rows
    could be told apart. Kept on disk: `path` is continued from a copy of `earlier`, or begun anew."""

    def __init__(self, path: Path, earlier: Path | None = None):
        self.path = path
        if earlier:
            shutil.copyfile(earlier, path)
        self._out = path.open("a" if earlier else "w", encoding="utf-8")

    def see(self, key_hash: str, name: str) -> None:
        """A row, or a file by itself, is there and was set aside."""
        self._out.write(f"{key_hash}\t{_one_line(name)}\n")

    def lose(self, name: str) -> None:
        """What else stands in this file is not known."""
        self.see("", name)

    def close(self) -> None:
        self._out.close()

    def read(self) -> Iterator[tuple[str, str]]:
        """(key hash or "", name), once closed."""
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                key_hash, _, name = line.rstrip("\n").partition("\t")
                yield key_hash, name


class Places:
    """Where the files of a run lie. `files` maps a clean name to its place. A database has none and is one place; files
    that are read instead of the source lie nowhere."""

    def __init__(self, files: Mapping[str, str], *, is_base: bool = False, is_listed: bool = False):
        self._files, self._is_base, self._is_listed = files, is_base, is_listed

    def find(self, uri: str) -> tuple[str, str] | None:
        """(name, place) of the file an item came from: itself, or the archive it lay in."""
        if uri in self._files:
            return uri, self._files[uri]
        cut = uri.find("!")
        while cut >= 0:
            if uri[:cut] in self._files:
                return uri[:cut], self._files[uri[:cut]]
            cut = uri.find("!", cut + 1)
        return None

    def hash(self, uri: str) -> str:
        """Of the file that a row, a member or a file stands in; "" where there is none."""
        if not self._is_listed:
            return hash_path(BASE) if self._is_base else ""
        found = self.find(uri) or self.find(uri.rpartition("#")[0])
        if found is None:
            return ""
        around = self.find(found[1])  # a text out of an archive is called after the archive
        return hash_path(around[1] if around else found[1])


def write_coverage(sightings: Sightings, places: Places, read: Mapping[str, str], listed: str,
                   folder: Path) -> Coverage | None:  # fmt: skip
    """`read` are the files of this run, name to place; `listed` is a file of the hashes of all that stand there, "" of
    a database. Where it is not even known which file was not read to its end, none counts as read. None for a database
    whose rows cannot all be told apart."""
    aside, lost = folder / "aside.tsv", set()
    with aside.open("w", encoding="utf-8") as out:
        for key_hash, name in sightings.read():
            if key_hash:
                out.write(f"{key_hash}\t{places.hash(name)}\n")
            else:
                lost.add(places.hash(name))
    if not listed and lost:
        return None
    whole = [] if "" in lost else [one for place in read.values() if (one := hash_path(place)) not in lost]
    scope = _write_lines(folder / "scope.hashes", whole if listed else [hash_path(BASE)])
    return Coverage(listed=listed or scope, scope=scope, aside=str(aside))


def _write_lines(path: Path, lines: Iterable[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def _one_line(name: str) -> str:
    return name.replace("\n", "\ufffd").replace("\r", "\ufffd").encode("utf-8", "replace").decode()
