"""The import itself: sources → items → parts. Streams; may be killed at any moment and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.ingest import ColumnMapping, IngestResult, IngestSpec, PutBlobs, Reject
from workers.engines.ingest.folders import FolderSays, are_labels, count_labels, read_folders
from workers.engines.ingest.items_from_files import read_images, read_text_file
from workers.engines.ingest.items_from_tables import TableReader, is_table
from workers.engines.ingest.parts import PartWriter
from workers.engines.ingest.records import Batch, Position, Record
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
    return _Reader(spec, len(names), use_folders, writer, workdir, put_blobs, report)


class _Reader:
    """Goes through the files and hands each to what can read it."""

    def __init__(self, spec, file_count, use_folders, writer, workdir, put_blobs, report):
        self.spec = spec
        self.file_count = max(file_count, 1)
        self.use_folders = use_folders
        self.put_blobs = put_blobs
        self.workdir = workdir
        self.tables = TableReader(spec, writer, workdir, report)
        self.files_done = 0

    def read(self, after: Position | None) -> Iterator[Outcome]:
        """Everything that stands after `after` in the sources."""
        files = self._pending(after)
        if self.spec.item_kind == "image":
            yield from read_images(files, self.spec, self.says, self.put_blobs)
            return
        for file in files:
            if not isinstance(file, SourceFile):
                yield file
            elif self.spec.item_kind == "text" and not is_table(file):
                yield read_text_file(file, self.spec, self.says(file.name))
            else:
                yield from self.tables.read(file, after)

    def says(self, name: str) -> FolderSays:
        found = read_folders(name)
        return found if self.use_folders else FolderSays(None, found.split)

    def fraction(self, position: Position) -> float:
        inside = self.tables.fraction if self.spec.item_kind != "image" else 0.0
        return min((max(self.files_done - 1, 0) + inside) / self.file_count, 1.0)

    def _pending(self, after: Position | None) -> Iterator[SourceFile | tuple[Position, Reject]]:
        start = after.source if after else 0
        for file in iterate_sources(self.spec.paths, self.spec.limits, start=start):
            self.files_done += 1
            position = file.position if isinstance(file, SourceFile) else file[0]
            if after is None or (position.source, position.member) > (after.source, after.member):
                yield file
            elif after.row and (position.source, position.member) == (after.source, after.member):
                yield file  # a table read in part
