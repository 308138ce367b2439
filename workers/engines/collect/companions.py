"""Files of a folder or bucket that did not change and are read all the same, since a changed one makes no sense alone:
the label file of a new picture, the pictures of a changed label file and the archives that may hold them, the card
beside a new table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from lifecycle.contracts.ingest import Paths
from lifecycle.contracts.sources import CollectSpec
from workers.engines.ingest.cards import may_be_card
from workers.engines.ingest.label_book import cut_stem
from workers.engines.ingest.label_files import CLASS_FILES, LabelFiles, may_hold_labels
from workers.engines.ingest.sources import clean_name, iterate_sources

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
ONE_EACH = (".txt", ".xml")  # label files that speak of one picture, by its name
CLASS_SUFFIXES = (".yaml", ".yml")


class Companions:
    """`changed` are (name, local path) of the files that are new or changed."""

    def __init__(self, changed: Paths, spec: CollectSpec, workdir: Path):
        self._is_image = spec.item_kind == "image"
        self._stems: set[str] = set()
        self._takes_all = False
        if self._is_image:
            names = [name for name, _ in changed]
            self._takes_all = any(_lists_classes(name) for name in names)
            self._stems = {cut_stem(name) for name in names if not may_hold_labels(name) or _is_one_each(name)}
            self._labels = _read_labels(changed, spec, workdir)
            pictures = {cut_stem(name) for name in names if not may_hold_labels(name)}
            self._opens_archives = any(
                may_hold_labels(name) and not (_is_one_each(name) and cut_stem(name) in pictures) for name in names
            )  # what is in one is not known before

    def wants(self, name: str) -> bool:
        """Whether an unchanged file belongs to what changed."""
        if not self._is_image:
            return may_be_card(name)
        if self._takes_all or cut_stem(name) in self._stems:
            return True
        if may_hold_labels(name):
            return _lists_classes(name) or not _is_one_each(name)
        if _is_archive(name) and self._opens_archives:
            return True
        return bool(self._labels.book.size) and self._labels.book.find(clean_name(name)) is not None


def _read_labels(changed: Sequence[tuple[str, str]], spec: CollectSpec, workdir: Path) -> LabelFiles:
    """The book of the changed label files; what is wrong with them the import says."""
    labels = LabelFiles(workdir, spec.limits)
    label_files = [(name, path) for name, path in changed if may_hold_labels(name) or _is_archive(name)]
    for _ in labels.read_all(iterate_sources(label_files, spec.limits)):
        pass
    return labels


def _is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def _is_one_each(name: str) -> bool:
    path = PurePosixPath(name.lower())
    return path.suffix in ONE_EACH and path.name not in CLASS_FILES and "imagesets" not in path.parts


def _lists_classes(name: str) -> bool:
    path = PurePosixPath(name.lower())
    return path.name in CLASS_FILES or path.suffix in CLASS_SUFFIXES
