"""The sounds of an import: stored first, then named by the rows of tables, and items by themselves where none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lifecycle.contracts.ingest import IngestSpec, PutBlobs, Reject
from lifecycle.contracts.sounds import COLUMN, FILE_COLUMN, build_reference
from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.folders import FolderSays
from workers.engines.ingest.identity import encode_row
from workers.engines.ingest.kinds import is_missing
from workers.engines.ingest.records import Batch, Position, Record
from workers.engines.ingest.rows import read_class_label
from workers.engines.ingest.sound_book import Sound, SoundBook, is_whole_name
from workers.engines.ingest.sounds import check_sound, is_named_so, sniff
from workers.engines.ingest.sources import SourceFile, iterate_sources
from workers.engines.ingest.tables import Row, Table

Outcome = tuple[Position, Record | Reject]
BATCH_FILES = 512
BATCH_BYTES = 24_000_000
SAMPLE_CELLS = 200
FEATURES = ((FILE_COLUMN, "text"), (COLUMN, "text"))  # what an item made from a sound file shows in a table


class SoundFiles:
    """Call `store` and go through it; then `claims` says which files are no tables, and `resolve` what theirs name."""

    def __init__(self, spec: IngestSpec, workdir: Path, put_blobs: PutBlobs, read_folders: Callable[[str], FolderSays]):
        self._spec, self._put_blobs, self._read_folders = spec, put_blobs, read_folders
        self._last = len(spec.paths)  # items by themselves come after every file, so that a resumed import finds them
        self.book = SoundBook(workdir / "sounds.sqlite")
        self.seen = 0

    def store(self, resumed_after: Position | None) -> Iterator[Batch]:
        """Keep every sound, batch by batch; empty batches come out, so that the import can report and be stopped."""
        waiting: list[tuple[Sound, bytes]] = []
        size = 0
        for file in iterate_sources(self._spec.paths, self._spec.limits):
            self.seen += 1
            if not isinstance(file, SourceFile) or file.position[:2] in self.book:
                continue
            found = self._read(file)
            if found is not None:
                waiting.append(found)
                size += len(found[1])
            if len(waiting) >= BATCH_FILES or size >= BATCH_BYTES:
                self._keep(waiting)
                waiting, size = [], 0
                yield Batch(resumed_after or Position(0, -1), 0, (), ())
        self._keep(waiting)

    def claims(self, file: SourceFile) -> bool:
        """Whether the file was taken for a sound, a good one or not."""
        return file.position[:2] in self.book

    def find_column(self, file: SourceFile, table: Table, features: Sequence[str]) -> str:
        """The column whose cells name sounds of this import: at least half of those that say something.

        File names without their ending count only where no two are the same: a rating is no file name.
        """
        best, most = "", (0, 0)
        for name in features if len(self.book) else ():
            place = table.columns.index(name)
            cells = [str(cells[place]) for _, cells in table.sample if not is_missing(cells[place])][:SAMPLE_CELLS]
            found = [(cell, self.book.find(cell, file.name)) for cell in cells]
            count = sum(sound is not None for _, sound in found)
            whole = sum(sound is not None and is_whole_name(cell, sound) for cell, sound in found)
            is_sure = 2 * whole >= len(cells) or (2 * count >= len(cells) and len(set(cells)) == len(cells))
            if is_sure and (whole, count) > most:
                best, most = name, (whole, count)
        return best

    def resolve(
        self, file: SourceFile, rows: Iterator[Row | BadLine], columns: Sequence[str], column: str
    ) -> Iterator[Row | BadLine]:
        """The rows with references in place of file names; one that names no sound of this import is set aside."""
        place = columns.index(column)
        for row in rows:
            if isinstance(row, BadLine) or is_missing(row[1][place]):
                yield row
                continue
            sound = self.book.find(str(row[1][place]), file.name)
            if sound is None:
                yield BadLine(row[0], f"the sound {str(row[1][place])[:200]} is not among the files")
                continue
            cells = list(row[1])
            cells[place] = build_reference(sound.digest)
            yield row[0], cells

    def list_items(self, after: Position | None) -> Iterator[Outcome]:
        """Sounds that no row names as items, and what was set aside."""
        is_resumed = after is not None and after.source == self._last
        start = (after.member, after.row) if after and is_resumed else (-1, -1)
        for sound in self.book.list_left(start):
            position = Position(self._last, sound.source, sound.member)
            if sound.reason:
                yield position, Reject(sound.uri, None, sound.reason)
            else:
                yield position, self._build(sound)

    def _read(self, file: SourceFile) -> tuple[Sound, bytes] | None:
        """The sound with its content; None for a file that is none, and does not say that it is one."""
        sound = Sound(*file.position[:2], file.name, file.uri)
        is_named = is_named_so(file.name)
        try:
            content = file.read_when(lambda head: is_named or bool(sniff(head)), self._spec.limits.file_bytes)
            if content is None:
                return None
            return sound._replace(mime=check_sound(content), byte_size=len(content)), content
        except Refused as refused:
            return (sound._replace(reason=str(refused)), b"") if is_named else None

    def _keep(self, batch: Sequence[tuple[Sound, bytes]]) -> None:
        good = [content for sound, content in batch if not sound.reason]
        digests = iter(self._put_blobs(good) if good else ())
        self.book.add([sound if sound.reason else sound._replace(digest=next(digests)) for sound, _ in batch])

    def _build(self, sound: Sound) -> Record:
        says = self._read_folders(sound.name)
        row = {COLUMN: build_reference(sound.digest), FILE_COLUMN: sound.name}
        return Record(
            content_hash=sound.digest,
            blob=sound.digest,
            row=encode_row(row).decode(),
            label=read_class_label(says.label),
            split=says.split,
            source_uri=sound.uri,
            mime=sound.mime,
            byte_size=sound.byte_size,
        )
