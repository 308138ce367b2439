"""What the label files of an import say about its pictures, kept on disk and found again by the picture's path."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lifecycle.contracts.file_names import UPLOAD_PREFIX, fold_folder
from workers.engines.ingest.folders import read_folders
from workers.engines.ingest.formats.regions import Shape

WORDS = re.compile(r"[^a-z]+")
MAX_MISSING = 1_000
WRITE_AT_ONCE = 5_000


class Said(NamedTuple):
    """About one picture. `shapes` None means that nobody drew any; an empty list, that there is nothing to draw."""

    source: str  # the label file, for messages
    label: str | None = None
    split: str | None = None
    group: str | None = None
    shapes: tuple[Shape, ...] | None = None
    event_time: str | None = None  # contracts.event_times
    event_time_origin: str | None = None


class LabelBook:
    """`add` while the label files are read, then `find` for each picture."""

    def __init__(self, path: Path):
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._base.executescript(
            """PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
               CREATE TABLE said (id INTEGER PRIMARY KEY, stem TEXT, bare TEXT, place TEXT, home TEXT, content TEXT);
               CREATE TABLE waiting (name TEXT, uri TEXT, content TEXT);"""
        )
        self._rows: list[tuple[str, str, str, str, str]] = []
        self.size = 0
        self.labeled = 0  # without those that only a list of a split names
        self.classes: Counter[str] = Counter()  # regions, or pictures with one class, as the files give them

    def add(self, picture: str, home: str, said: Said) -> None:
        """`picture` as the label file names it, `home` the path of that file."""
        stem = cut_stem(picture)
        self._rows.append((stem, UPLOAD_PREFIX.sub("", stem), _cut_end(picture), home, json.dumps(said)))
        self.size += 1
        self.labeled += said.label is not None or said.shapes is not None
        self.classes.update(shape.label for shape in said.shapes or ())
        if said.label:
            self.classes[said.label] += 1
        if len(self._rows) >= WRITE_AT_ONCE:
            self._write()

    def put_aside(self, name: str, uri: str, content: str) -> None:
        """A file that can only be read once all others are known."""
        self._base.execute("INSERT INTO waiting VALUES (?, ?, ?)", (name, uri, content))

    def list_aside(self) -> Iterator[tuple[str, str, str]]:
        yield from self._base.execute("SELECT name, uri, content FROM waiting ORDER BY rowid").fetchall()

    def close_entry(self) -> None:
        """No more `add`: make what was said findable."""
        self._write()
        self._base.executescript("CREATE INDEX said_stem ON said (stem); CREATE INDEX said_bare ON said (bare)")

    def find(self, name: str) -> Said | None:
        """Everything said about the picture at this path; where several label files fit equally, all of them count."""
        found = [said for _, said in self._match(name)]
        if not found:
            return None
        shapes = [said.shapes for said in found if said.shapes is not None]
        dated = next((said for said in reversed(found) if said.event_time), found[0])
        return Said(
            source=found[0].source,
            label=next((said.label for said in reversed(found) if said.label), None),
            split=next((said.split for said in reversed(found) if said.split), None),
            group=next((said.group for said in reversed(found) if said.group), None),
            shapes=tuple(shape for some in shapes for shape in some) if shapes else None,
            event_time=dated.event_time,
            event_time_origin=dated.event_time_origin,
        )

    def list_missing(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(label file, picture it names) for the pictures that are not among `names`; the first thousand."""
        seen = {number for name in names for number, _ in self._match(name)}
        rows = self._base.execute("SELECT id, place, content FROM said ORDER BY id")
        missing = ((_read(content).source, place) for number, place, content in rows if number not in seen)
        for _, (source, place) in zip(range(MAX_MISSING), missing, strict=False):
            yield source, place

    def close(self) -> None:
        self._base.close()

    def _match(self, name: str) -> list[tuple[int, Said]]:
        stem = cut_stem(name)
        rows = self._base.execute(
            "SELECT id, place, home, content FROM said WHERE stem IN (:stem, :bare) OR bare = :stem ORDER BY id",
            {"stem": stem, "bare": UPLOAD_PREFIX.sub("", stem)},
        ).fetchall()
        if not rows:
            return []
        scores = [score_place(name, place, home) for _, place, home, _ in rows]
        best = max(scores)
        return [
            (number, _read(content))
            for (number, _, _, content), score in zip(rows, scores, strict=True)
            if score == best
        ]

    def _write(self) -> None:
        self._base.execute("BEGIN")
        self._base.executemany("INSERT INTO said (stem, bare, place, home, content) VALUES (?, ?, ?, ?, ?)", self._rows)
        self._base.execute("COMMIT")
        self._rows = []


def score_place(name: str, place: str, home: str) -> tuple[int, int]:
    """How well a file's path fits the place that the file at `home` names: common folders at the end, then whether both
    speak of the same split."""
    mine, theirs = _cut_end(name).split("/"), _cut_end(place).split("/")
    if len(theirs) == 1:
        theirs = [*_cut_end(home).split("/")[:-1], *theirs]
    common = 0
    for a, b in zip(reversed(mine[:-1]), reversed(theirs[:-1]), strict=False):
        if fold_folder(a) != fold_folder(b):
            break
        common += 1
    return common, int(bool(_find_split(name)) and _find_split(name) == _find_split(home))


def _find_split(path: str) -> str | None:
    """By a folder, or a word in the name: instances_val2017.json."""
    words = "/".join(WORDS.sub("/", part.lower()) for part in path.split("/"))
    return read_folders(words + "/x").split


def _cut_end(path: str) -> str:
    clean = path.replace("\\", "/").strip("/")
    return str(PurePosixPath(clean).with_suffix("")) if PurePosixPath(clean).name else clean


def cut_stem(path: str) -> str:
    """The file's name without folders and ending, in small letters."""
    return PurePosixPath(path.replace("\\", "/")).stem.lower()


def _read(content: str) -> Said:
    source, label, split, group, shapes, *dated = json.loads(content)
    if shapes is None:
        return Said(source, label, split, group, None, *dated)
    read = (Shape(k, n, tuple(map(tuple, p)), tuple(s) if s else None, r) for k, n, p, s, r in shapes)
    return Said(source, label, split, group, tuple(read), *dated)
