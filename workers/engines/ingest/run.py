"""The import itself: sources → items → parts. Streams; may be killed at any moment and started again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.ingest import ColumnMapping, IngestResult, IngestSpec, PutBlobs, Reject
from workers.engines.ingest.cards import find_cards
from workers.engines.ingest.folders import FolderSays, are_labels, count_labels, read_folders
from workers.engines.ingest.formats import regions
from workers.engines.ingest.items_from_documents import read_document
from workers.engines.ingest.items_from_files import read_images, read_text_file
from workers.engines.ingest.items_from_tables import TableReader, is_table, remember_columns
from workers.engines.ingest.items_from_tasks import read_tasks
from workers.engines.ingest.label_files import are_splits, find_split
from workers.engines.ingest.parts import PartWriter
from workers.engines.ingest.picture_files import PictureFiles
from workers.engines.ingest.records import Batch, Position, Record
from workers.engines.ingest.sound_files import FEATURES, SoundFiles
from workers.engines.ingest.sources import SourceFile, iterate_sources, list_names

Outcome = tuple[Position, Record | Reject] | Batch
CHECK_EVERY = 512


def run(
    spec: IngestSpec, *, workdir: str | Path, report: Report, should_stop: ShouldStop, put_blobs: PutBlobs
) -> IngestResult:
    """Import everything `spec` names. Called again with the same `workdir` it goes on where it was killed.

    Raises Canceled when told to stop; what is done so far stays in `workdir`.
    """
    writer = PartWriter(Path(workdir) / "parts", max_rejects=spec.limits.rejects)
    if not writer.is_finished:
        _write_all(spec, writer, Path(workdir), report, should_stop, put_blobs)
    return IngestResult(
        parts=writer.parts,
        accepted=writer.accepted,
        rejected=writer.rejected,
        rejects_path=str(writer.rejects_path),
        columns=tuple((name, kind) for name, kind in writer.notes.get("columns", ())),
        spreads=tuple(writer.notes.get("spreads", {}).items()),
        classes=tuple(writer.notes.get("classes", ())),
        mapping=ColumnMapping.from_json(writer.notes["mapping"]) if "mapping" in writer.notes else None,
    )


def _write_all(spec, writer, workdir, report, should_stop, put_blobs) -> None:
    resumed_after = writer.position
    if resumed_after:
        report.log(f"Going on after {writer.accepted + writer.rejected:,} files or rows of an earlier attempt.")
    names = list_names(spec.paths, spec.limits)
    reader = _choose_reader(spec, names, writer, workdir, put_blobs, report)
    waiting = 0
    for outcome in reader.read(resumed_after):
        if isinstance(outcome, Batch):
            writer.add_batch(outcome)
            position, waiting = outcome.position, CHECK_EVERY
        else:
            position, waiting = outcome[0], waiting + 1
            writer.add(outcome[1], position)
        if waiting >= CHECK_EVERY:
            waiting = 0
            if should_stop():
                writer.flush()
                raise Canceled
            report.progress(reader.fraction(position), f"{writer.accepted:,} read, {writer.rejected:,} set aside")
    writer.finish()
    report.progress(1.0, f"{writer.accepted:,} read, {writer.rejected:,} set aside")


def _choose_reader(spec, names, writer, workdir, put_blobs, report) -> _Reader:
    labels = count_labels(names)
    use_folders = spec.folders_are_labels and are_labels(labels, spec.known_classes)
    return _Reader(spec, names, use_folders, writer, workdir, put_blobs, report)


class _Reader:
    """Goes through the files and hands each to what can read it."""

    def __init__(self, spec, names, use_folders, writer, workdir, put_blobs, report):
        self.spec = spec
        self.file_count = max(len(names), 1)
        self.use_folders = use_folders
        self.use_name_splits = are_splits(names)
        self.put_blobs = put_blobs
        self.workdir = workdir
        self.notes = writer.notes
        self.classes = set(writer.notes.get("classes", ()))
        self.cards, class_names = find_cards(spec.paths, spec.limits, names if spec.item_kind != "image" else ())
        self.sounds = SoundFiles(spec, workdir, put_blobs, self.read_folders) if spec.takes_sounds else None
        self.tables = TableReader(spec, writer, workdir, report, class_names, self.sounds)
        self.files_done = 0

    def read(self, after: Position | None) -> Iterator[Outcome]:
        """Everything that stands after `after` in the sources."""
        for outcome in self._choose_reading(after):
            if not isinstance(outcome, Batch) and isinstance(outcome[1], Record) and outcome[1].result:
                self._remember_classes(outcome[1].result)
            yield outcome

    def _choose_reading(self, after: Position | None) -> Iterator[Outcome]:
        if self.spec.item_kind == "image":
            return self._read_images(after)
        return self._read_sounds(self.sounds, after) if self.sounds else self._read_others(after)

    def read_folders(self, name: str) -> FolderSays:
        found = read_folders(name)
        split = self.spec.splits.get(name) or find_split(name, self.use_name_splits)
        return found._replace(split=split) if self.use_folders else FolderSays(None, split)

    def fraction(self, position: Position) -> float:
        inside = self.tables.fraction if self.spec.item_kind != "image" else 0.0
        done = min((max(self.files_done - 1, 0) + inside) / self.file_count, 1.0)
        if self.sounds and len(self.sounds.book):  # storing them is the work
            return 0.9 * min(self.sounds.seen / self.file_count, 1.0) + 0.1 * done
        return done

    def _read_images(self, after: Position | None) -> Iterator[Outcome]:
        pictures = PictureFiles(self.spec, self.workdir, self.read_folders)
        yield from pictures.read_labels(is_first=after is None)
        files = pictures.list_pictures(self._pending(after), after)
        yield from read_images(files, self.spec, pictures.say, self.put_blobs)

    def _read_sounds(self, sounds: SoundFiles, after: Position | None) -> Iterator[Outcome]:
        yield from sounds.store(after)
        yield from self._read_others(after)
        for outcome in sounds.list_items(after):
            if isinstance(outcome[1], Record):
                remember_columns(self.notes, FEATURES)
            yield outcome

    def _read_others(self, after: Position | None) -> Iterator[Outcome]:
        for file in self._pending(after):
            if not isinstance(file, SourceFile):
                yield file
            elif file.position[:2] in self.cards or (self.sounds and self.sounds.claims(file)):
                continue
            elif self.spec.item_kind == "text":
                yield from self._read_text(file, after)
            else:
                yield from self._read_rows(file, after)

    def _read_rows(self, file: SourceFile, after: Position | None) -> Iterator[Outcome]:
        split = self.read_folders(file.name).split
        done = after.row if after and (after.source, after.member) == file.position[:2] else 0
        tasks = read_tasks(file, self.spec, self.sounds, split, done) if self.sounds else None
        if tasks is None:
            yield from self.tables.read(file, after, split)
            return
        for outcome in tasks:
            if isinstance(outcome[1], Record):
                remember_columns(self.notes, [(name, "text") for name in json.loads(outcome[1].row or "{}")])
            yield outcome

    def _read_text(self, file: SourceFile, after: Position | None) -> Iterator[Outcome]:
        says = self.read_folders(file.name)
        done = after.row if after and (after.source, after.member) == file.position[:2] else 0
        document = read_document(file, self.spec, says.split, done)
        if document is not None:
            yield from document
        elif is_table(file):
            yield from self.tables.read(file, after, says.split)
        else:
            yield read_text_file(file, self.spec, says)

    def _remember_classes(self, result: str) -> None:
        names = regions.list_names(json.loads(result))
        if not self.classes.issuperset(names):
            self.classes.update(names)
            self.notes["classes"] = sorted(self.classes)

    def _pending(self, after: Position | None) -> Iterator[SourceFile | tuple[Position, Reject]]:
        start = after.source if after else 0
        for file in iterate_sources(self.spec.paths, self.spec.limits, start=start):
            self.files_done += 1
            position = file.position if isinstance(file, SourceFile) else file[0]
            if after is None or (position.source, position.member) > (after.source, after.member):
                yield file
            elif after.row and (position.source, position.member) == (after.source, after.member):
                yield file  # a table read in part
