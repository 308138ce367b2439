"""Reads every label file among the pictures of an import into a book, whatever tool wrote it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import orjson

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import SPLIT_FOLDERS, IngestLimits, Reject
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.folders import read_folders
from workers.engines.ingest.formats.coco import is_coco, read_coco
from workers.engines.ingest.formats.hub_card import is_info, read_info_names
from workers.engines.ingest.formats.labelstudio import find_picture, is_studio, read_task
from workers.engines.ingest.formats.regions import Shape
from workers.engines.ingest.formats.voc import read_voc
from workers.engines.ingest.formats.yolo import read_boxes, read_class_lines, read_classes
from workers.engines.ingest.label_book import LabelBook, Said
from workers.engines.ingest.metadata import read_metadata
from workers.engines.ingest.sources import SourceFile

CLASS_FILES = ("classes.txt", "obj.names", "_darknet.labels", "labels.txt")
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
SUFFIXES = (".json", ".xml", ".yaml", ".yml", ".txt", ".names", ".labels")
MAX_SMALL_BYTES = 4_000_000  # of one file that speaks of one picture, or lists classes
MAX_PROBLEMS_A_FILE = 1_000


class LabelFiles:
    """`consumed` are the positions of files that were read as labels, and are therefore no pictures; `class_names`, by
    column, what Hugging Face's files say of the tables beside them."""

    def __init__(self, workdir: Path, limits: IngestLimits):
        self.book = LabelBook(workdir / "labels.sqlite")
        self.consumed: set[tuple[int, int]] = set()
        self.class_names: dict[str, list[str]] = {}
        self.formats: Counter[str] = Counter()  # whose layout, how many files
        self._limits = limits
        self._workdir = workdir
        self._classes: list[str] = []
        self._texts: dict[str, tuple[int, int]] = {}

    def read_all(self, files: Iterable[object]) -> Iterator[Reject]:
        """Goes through all files once; yields what is wrong with the label files among them."""
        for file in files:
            if isinstance(file, SourceFile) and may_hold_labels(file.name):
                try:
                    yield from self._read(file)
                except Refused as refused:
                    yield Reject(file.uri, None, str(refused))
        yield from self._read_boxes()
        self.book.close_entry()

    def _read(self, file: SourceFile) -> Iterator[Reject]:
        path = PurePosixPath(file.name.lower())
        if path.name in METADATA:
            self._consume(file, "metadata")
            yield from read_metadata(file, self.book, self._workdir, self._limits)
        elif path.suffix == ".json":
            yield from self._read_json(file)
        elif path.suffix == ".xml":
            self._consume(file, "Pascal VOC")
            yield from self._read_voc(file)
        elif path.name in CLASS_FILES:
            self._consume(file)
            self._classes = self._classes or read_class_lines(_decode(file.read(MAX_SMALL_BYTES)))
        elif path.suffix in (".yaml", ".yml"):
            self._consume(file)
            try:
                self._classes = read_classes(_decode(file.read(MAX_SMALL_BYTES)))
            except ValueError as error:
                yield Reject(file.uri, None, str(error))
        elif path.suffix == ".txt" and "imagesets" in path.parts:
            self._consume(file)
            self._add_split(file)
        elif path.suffix == ".txt":
            self.book.put_aside(file.name, file.uri, _decode(file.read(MAX_SMALL_BYTES)))
            self._texts[file.uri] = file.position[:2]

    def _read_json(self, file: SourceFile) -> Iterator[Reject]:
        try:
            content = orjson.loads(file.read(self._limits.label_file_bytes))
        except orjson.JSONDecodeError as error:
            self._consume(file)
            yield Reject(file.uri, None, f"the JSON is broken: {error}"[:200])
            return
        if is_coco(content):
            self._consume(file, "COCO")
            yield from _limit(self._add_coco(file, content), file.uri)
        elif is_studio(content):
            self._consume(file, "Label Studio")
            yield from _limit(self._add_tasks(file, content), file.uri)
        elif is_info(PurePosixPath(file.name.lower()).name, content):
            self._consume(file)
            self.class_names = read_info_names(content) | self.class_names

    def _add_coco(self, file: SourceFile, content: dict) -> Iterator[str]:
        for found in read_coco(content):
            if isinstance(found, str):
                yield found
            else:
                name, shapes, taken = found
                dated = event_times.say(taken, "COCO date_captured")
                said = Said(file.uri, shapes=None if shapes is None else tuple(shapes), **dated)
                self.book.add(name, file.name, said)

    def _add_tasks(self, file: SourceFile, content: list) -> Iterator[str]:
        for number, entry in enumerate(content, start=1):
            task = read_task(entry) if isinstance(entry, dict) else None
            picture = find_picture(task.values) if task else ""
            if task is None or not picture:
                yield f"task {number} shows no picture"
                continue
            yield from (f"task {number}: {problem}" for problem in task.problems)
            shapes = tuple(task.shapes) if task.shapes is not None else None
            self.book.add(
                picture,
                file.name,
                Said(file.uri, label=task.label, shapes=shapes, **event_times.say_of_task(task.values)),
            )

    def _read_voc(self, file: SourceFile) -> Iterator[Reject]:
        try:
            found = read_voc(file.read(MAX_SMALL_BYTES))
        except ValueError as error:
            yield Reject(file.uri, None, str(error))
            return
        yield from (Reject(file.uri, None, problem) for problem in found.problems)
        self.book.add(found.file_name or file.name, file.name, Said(file.uri, shapes=tuple(found.shapes)))

    def _add_split(self, file: SourceFile) -> None:
        """VOC's ImageSets/Main/train.txt: the names of pictures without suffix. Lists by class say nothing here."""
        path = PurePosixPath(file.name)
        split = SPLIT_FOLDERS.get(path.stem.lower())
        if split is None:
            return
        root = path.parts[: [part.lower() for part in path.parts].index("imagesets")]
        for line in _decode(file.read(self._limits.label_file_bytes)).splitlines():
            if line.strip():
                picture = PurePosixPath(*root, "JPEGImages", line.split()[0] + ".jpg")
                self.book.add(str(picture), file.name, Said(file.uri, split=split))

    def _read_boxes(self) -> Iterator[Reject]:
        """The text files of YOLO, once the classes are known. Without any they are just texts."""
        if not self._classes:
            return
        for name, uri, text in self.book.list_aside():
            self.consumed.add(self._texts[uri])
            self.formats["YOLO"] += 1
            shapes = []
            for found in read_boxes(text, self._classes):
                if isinstance(found, Shape):
                    shapes.append(found)
                else:
                    yield Reject(uri, *found)
            self.book.add(name, name, Said(uri, shapes=tuple(shapes)))

    def _consume(self, file: SourceFile, layout: str = "") -> None:
        self.consumed.add(file.position[:2])
        if layout:
            self.formats[layout] += 1


def split_of_name(name: str) -> str | None:
    """The split that a file's own name gives, as in train-00000-of-00003.parquet."""
    return SPLIT_FOLDERS.get(PurePosixPath(name).name.lower().replace("_", "-").replace(".", "-").split("-")[0])


def are_splits(names: Iterable[str]) -> bool:
    """Whether the files' own names are those of splits: one alone says nothing, train.csv beside test.csv does."""
    return len({split for name in names if (split := split_of_name(name))}) > 1


def find_split(name: str, use_names: bool) -> str | None:
    """The split of a file by its folders, else by its own name where names count."""
    return read_folders(name).split or (split_of_name(name) if use_names else None)


def may_hold_labels(name: str) -> bool:
    path = PurePosixPath(name.lower())
    return path.name in METADATA or path.suffix in SUFFIXES


def _limit(problems: Iterable[str], uri: str) -> Iterator[Reject]:
    """The first of them: a file of a million broken entries is one broken file."""
    for count, problem in enumerate(problems):
        if count < MAX_PROBLEMS_A_FILE:
            yield Reject(uri, None, problem)


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("this is not text in a known encoding")
