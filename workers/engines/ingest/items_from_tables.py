"""Many rows, many items: goes through one table after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path, PurePosixPath

from lifecycle.contracts.engine import Report
from lifecycle.contracts.ingest import ROLES, ColumnMapping, IngestSpec, Reject
from lifecycle.contracts.moments import choose_formats
from workers.engines.ingest import parts
from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.event_times import EventTimes
from workers.engines.ingest.formats.hub_card import name_class
from workers.engines.ingest.mapping import check_mapping, guess_mapping, list_features
from workers.engines.ingest.parts import PartWriter
from workers.engines.ingest.records import Batch, Position, Record
from workers.engines.ingest.row_prints import settle_spreads
from workers.engines.ingest.rows import RowBuilder
from workers.engines.ingest.sound_files import SoundFiles
from workers.engines.ingest.sources import SourceFile
from workers.engines.ingest.tables import Row, Table, open_table

Outcome = tuple[Position, Reject] | Batch
ROWS_AT_ONCE = 1_000
BLOB = Record._fields.index("blob")
WHOLE_FILE = 1 << 60  # the row number of a file that was refused as a whole
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".arrow", ".feather", ".ipc")


def is_table(file: SourceFile) -> bool:
    """By its name: a text project also takes plain text files, one item each."""
    return PurePosixPath(file.name).suffix.lower() in TABLE_SUFFIXES


class TableReader:
    """Reads tables row by row; the mapping and kinds settled for the first hold for all."""

    def __init__(
        self,
        spec: IngestSpec,
        writer: PartWriter,
        workdir: Path,
        report: Report,
        names: Mapping[str, Sequence[str]],
        sounds: SoundFiles | None = None,
    ):
        self._spec = spec
        self._sounds = sounds  # of the same import: a column may name them
        self._class_names = names  # {column: class names by number} as a card beside the tables says
        self._notes = writer.notes
        self._workdir = workdir
        self._report = report
        self.fraction = 0.0

    def read(self, file: SourceFile, after: Position | None, split: str | None = None) -> Iterator[Outcome]:
        """All rows of the file that stand after `after`; `split` is theirs where no column says it."""
        skip = after.row if after and (after.source, after.member) == file.position[:2] else 0
        if skip == WHOLE_FILE:
            return
        try:
            with file.on_disk(self._workdir) as path:
                table = open_table(path, file.name, self._spec.limits)
                table.kinds |= {name: "category" for name in self._class_names if name in table.kinds}
                yield from self._read_rows(file, table, self._settle(table), skip, split)
        except Refused as refused:
            yield file.position._replace(row=WHOLE_FILE), Reject(file.uri, None, str(refused))

    def _read_rows(
        self, file: SourceFile, table: Table, mapping: ColumnMapping, skip: int, split: str | None
    ) -> Iterator[Batch]:
        known = {**table.kinds, **dict(self._spec.known_columns), **dict(mapping.kinds)}
        rows: Iterator[Row | BadLine] = islice(name_classes(table.read(), table.columns, self._class_names), skip, None)
        sounds, column = self._sounds, ""
        if sounds and (column := sounds.find_column(file, table, list_features(mapping, table.columns))):
            known[column] = "text"
            rows = sounds.resolve(file, rows, table.columns, column)
        book = sounds.book if sounds and column else None
        spreads = self._settle_spreads(table, list_features(mapping, table.columns), known)
        times = self._settle_times(table, mapping)
        builder = RowBuilder(self._spec, mapping, table.columns, known, file.uri, split, book, spreads, times)
        self._remember_columns(builder)
        total = max(_estimate_rows(table), 1)
        number = skip
        while some := list(islice(rows, min(ROWS_AT_ONCE, parts.ROWS_PER_PART))):
            number += len(some)
            self.fraction = min(number / total, 1.0)
            batch = builder.build_batch(some, file.position._replace(row=number))
            if sounds and column and batch.size:
                sounds.book.mark_named([str(digest) for digest in batch.columns[BLOB] or () if digest])
            yield batch
        if times and times.unread:
            self._report.log(f"{file.uri}: {times.describe_unread()}", "warning")

    def _settle(self, table: Table) -> ColumnMapping:
        """The mapping as given, or as guessed from the first table."""
        mapping = self._spec.mapping
        if mapping is None and "mapping" in self._notes:
            mapping = ColumnMapping.from_json(self._notes["mapping"])
        if mapping is None:
            rows = [row for _, row in table.sample]
            mapping = guess_mapping(
                table.columns, table.kinds, rows, item_kind=self._spec.item_kind, label_kind=self._spec.label_kind
            )
            self._report.log(f"Columns as guessed: {_describe(mapping)}")
        if self._spec.mapping is None and mapping.time not in table.columns:
            mapping = replace(mapping, time="")  # nobody asked for it
        check_mapping(mapping, table.columns, item_kind=self._spec.item_kind)
        self._notes.setdefault("mapping", asdict(mapping))
        return mapping

    def _settle_times(self, table: Table, mapping: ColumnMapping) -> EventTimes | None:
        """How the moments of the import are read: as the cells of its first table suggest."""
        if not mapping.time:
            return None
        if "time_formats" not in self._notes:
            place = table.columns.index(mapping.time)
            self._notes["time_formats"] = choose_formats(cells[place] for _, cells in table.sample)
        return EventTimes(mapping.time, self._notes["time_formats"])

    def _settle_spreads(self, table: Table, features: Sequence[str], kinds: Mapping[str, str]) -> Mapping[str, float]:
        """How far the numbers of each column lie apart: as the dataset knows it, or as the first rows show it."""
        if self._spec.item_kind != "row":
            return {}
        places = {name: table.columns.index(name) for name in features if kinds[name] == "number"}
        sample = {name: [cells[place] for _, cells in table.sample] for name, place in places.items()}
        known = {**self._notes.get("spreads", {}), **dict(self._spec.known_spreads)}
        self._notes["spreads"] = {**known, **settle_spreads(known, sample)}
        return self._notes["spreads"]

    def _remember_columns(self, builder: RowBuilder) -> None:
        if self._spec.item_kind == "row":
            remember_columns(self._notes, builder.features)


def remember_columns(notes: dict, features: Sequence[tuple[str, str]]) -> None:
    """Add (name, kind) of features to those that the import knows; what it knows stays."""
    notes["columns"] = list({**dict(features), **dict(notes.get("columns", ()))}.items())


def name_classes(
    rows: Iterator[Row | BadLine], columns: Sequence[str], names: Mapping[str, Sequence[str]]
) -> Iterator[Row | BadLine]:
    """The rows with class names in place of their numbers."""
    places = [(place, names[column]) for place, column in enumerate(columns) if column in names]
    if not places:
        yield from rows
        return
    for row in rows:
        if isinstance(row, BadLine):
            yield row
            continue
        cells = list(row[1])
        for place, known in places:
            cells[place] = name_class(known, cells[place])
        yield row[0], cells


def _estimate_rows(table: Table) -> int:
    """Rows in the file, judged by the size of the first ones."""
    if not table.sample:
        return 1
    sample_bytes = sum(sum(len(str(c)) + 1 for c in cells) for _, cells in table.sample)
    return int(table.path.stat().st_size / max(sample_bytes / len(table.sample), 1))


def _describe(mapping: ColumnMapping) -> str:
    said = [f"{role} = {name}" for role in ROLES if (name := getattr(mapping, role))]
    return ", ".join(said) or "no label; every column is a feature"
