"""The pictures of an import, and what folders and label files say about each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from lifecycle.contracts.ingest import IngestSpec, Reject
from workers.engines.ingest.folders import FolderSays
from workers.engines.ingest.label_book import Said
from workers.engines.ingest.label_files import LabelFiles
from workers.engines.ingest.pictures_in_tables import may_hold_pictures, open_pictures
from workers.engines.ingest.records import Position
from workers.engines.ingest.sources import SourceFile, iterate_sources

BEFORE_ALL = Position(0, -1)
ABOUT = re.compile(
    r"(readme|licen[sc]e|copying|citation|changelog|dataset_?card)([._-][\w-]+)?(\.(md|txt|rst|html|cff))?"
)


class PictureFiles:
    """Call `read_labels` first, then go through `list_pictures`, then `say` what is known about one."""

    def __init__(self, spec: IngestSpec, workdir: Path, read_folders: Callable[[str], FolderSays]):
        self._spec = spec
        self._workdir = workdir
        self._read_folders = read_folders
        self._labels = LabelFiles(workdir, spec.limits)
        self._in_tables: dict[Position, Said] = {}

    def read_labels(self, *, is_first: bool) -> Iterator[tuple[Position, Reject]]:
        """Reads all label files; what is wrong with them is said on the first attempt only."""
        problems = self._labels.read_all(iterate_sources(self._spec.paths, self._spec.limits))
        for problem in problems:
            if is_first:
                yield BEFORE_ALL, problem
        if is_first and self._labels.book.size:
            for source, picture in self._labels.book.list_missing(self._list_names()):
                yield BEFORE_ALL, Reject(source, None, f"the picture {picture[:200]} is not among the files")

    def list_pictures(
        self, files: Iterator[SourceFile | tuple[Position, Reject]], after: Position | None
    ) -> Iterator[SourceFile | tuple[Position, Reject]]:
        """The files without those that were read as labels; a table of pictures is opened."""
        for file in files:
            if not isinstance(file, SourceFile):
                yield file
            elif file.position[:2] in self._labels.consumed or ABOUT.fullmatch(PurePosixPath(file.name.lower()).name):
                continue
            elif may_hold_pictures(file.name):
                yield from self._open(file, after)
            else:
                yield file

    def say(self, file: SourceFile) -> Said:
        """Label files know better than folders."""
        folders = self._read_folders(file.name)
        said = self._in_tables.pop(file.position, None)
        if said is None and self._labels.book.size:
            said = self._labels.book.find(file.name)
        if said is None:
            return Said(file.uri, label=folders.label, split=folders.split)
        return said._replace(split=said.split or folders.split)

    def _open(self, file: SourceFile, after: Position | None) -> Iterator[SourceFile | tuple[Position, Reject]]:
        done = after.row if after and (after.source, after.member) == file.position[:2] else 0
        for found in open_pictures(file, self._workdir, done, self._labels.class_names, self._spec.mapping):
            if isinstance(found[0], SourceFile):
                self._in_tables[found[0].position] = found[1]
                yield found[0]
            else:
                yield found

    def _list_names(self) -> Iterator[str]:
        for file in iterate_sources(self._spec.paths, self._spec.limits):
            if isinstance(file, SourceFile) and file.position[:2] not in self._labels.consumed:
                yield file.name
        if self._spec.listed:
            with open(self._spec.listed, encoding="utf-8") as lines:
                yield from (line.rstrip("\n") for line in lines)
