"""The first pass over a source: rows through the contract into chunks, files found and named."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from lifecycle.contracts import event_times
from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.ingest import ROLES, ColumnMapping, IngestSpec, Paths
from lifecycle.contracts.sources import CollectSpec, Contract, SqlConfig
from workers.engines.collect import sql
from workers.engines.collect.companions import Companions
from workers.engines.collect.errors import SourceError
from workers.engines.collect.files import (
    Bucket,
    Folder,
    Found,
    Listed,
    choose_changed,
    choose_companions,
    open_place,
    read_marks,
    write_marks,
)
from workers.engines.collect.inference import NO_KEY, infer_contract, infer_mapping, list_file_columns
from workers.engines.collect.phases import batched
from workers.engines.collect.pictures import take_out
from workers.engines.collect.quarantine import Quarantine
from workers.engines.collect.screening import Screen
from workers.engines.collect.sightings import Sightings
from workers.engines.ingest.cards import find_cards
from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.folders import read_folders
from workers.engines.ingest.items_from_documents import is_document
from workers.engines.ingest.items_from_tables import is_table
from workers.engines.ingest.label_files import are_splits, find_split, split_of_name
from workers.engines.ingest.sources import SourceFile, clean_name, iterate_sources, list_names
from workers.engines.ingest.tables import Table, open_table

BATCH_ROWS = 2_000


@dataclass
class Stage:
    """What screening left behind, on disk too: a later attempt goes on from here."""

    token: str
    paths: list[tuple[str, str]] = field(default_factory=list)  # what is imported: chunks, pictures, texts
    tables: dict[str, str] = field(default_factory=dict)  # chunk -> table
    files: dict[str, str] = field(default_factory=dict)  # name -> where it lies
    splits: dict[str, str] = field(default_factory=dict)  # name or chunk -> split
    companions: list[str] = field(default_factory=list)  # names of files that did not change, read for others' sake
    listed: str = ""  # a file of the names that stand in the folder or bucket, where label files may need them
    standing: str = ""  # a file of the hashes of where they all lie
    read: int = 0
    set_aside: int = 0
    contract: dict[str, Any] = field(default_factory=dict)
    mapping: dict[str, Any] | None = None
    cursor_value: dict[str, Any] = field(default_factory=dict)
    observed: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Screener:
    """Goes through the source once: rows through the contract, files as they are."""

    def __init__(
        self, spec: CollectSpec, folder: Path, quarantine: Quarantine, sightings: Sightings, report: Report,
        should_stop: ShouldStop,
    ):  # fmt: skip
        self._spec, self._folder, self._quarantine, self._sightings = spec, folder, quarantine, sightings
        self._report, self._should_stop = report, should_stop
        self._mapping = spec.mapping
        self._screen: Screen | None = None
        self._stage = Stage(token=uuid.uuid4().hex)
        self._names_are_splits = False
        self._class_names: Mapping[str, Sequence[str]] = {}
        self._plan = IngestSpec(spec.item_kind, (), label_kind=spec.label_kind, limits=spec.limits)

    def read(self) -> Stage:
        stage, spec = self._stage, self._spec
        if spec.kind == "sql" and spec.paths is None:
            self._read_database()
        else:
            self._read_files(spec.paths if spec.paths is not None else self._bring_files())
        if self._screen:
            stage.paths = [(Path(path).name, path) for path in self._screen.close()] + stage.paths
            stage.tables = self._screen.names
            stage.splits |= self._screen.splits
            stage.read += self._screen.read
            stage.contract = self._screen.contract.to_json()
            stage.observed = {name: asdict(seen) for name, seen in self._screen.observe().items()}
            stage.notes += list(self._screen.notes)[:100]
            if not self._screen.contract.key:
                stage.notes.insert(0, NO_KEY)
            if stage.tables:
                stage.mapping = asdict(self._settle_mapping(self._screen.contract, self._screen.columns))
        else:
            stage.contract = spec.contract.to_json()
        return stage

    def _read_database(self) -> None:
        spec, config = self._spec, SqlConfig(**self._spec.config)
        with sql.open_rows(
            config,
            password=spec.secrets.get("password", ""),
            surroundings=spec.surroundings,
            should_stop=self._should_stop,
            cursor_value=spec.cursor_value,
            ca=spec.secrets.get("ca_certificate", ""),
            has_pictures=spec.item_kind == "image",
        ) as rows:
            batches = rows.read()
            first = next(batches, [])
            if not first and not spec.contract.columns:
                self._report.log("The query gave no rows.", "warning")
                return
            columns, (shown, _) = self._choose_columns(rows), self._part(rows, first)
            self._begin(columns, shown)
            assert self._screen
            if not self._screen.open(columns, spec.title):
                raise SourceError(f"The query's columns break the contract: {list(self._screen.notes)[-1]}")
            number = 0
            for batch in chain([first], batches):
                self._stop_if_told()
                cells, pictures = self._part(rows, batch)
                self._screen.add(list(enumerate(cells, start=number + 1)), pictures)
                number += len(batch)
                self._report.progress(min(number / (number + 50_000), 1.0), f"{number:,} rows read")
        self._stage.cursor_value = rows.cursor_value
        if rows.nameless:
            self._stage.notes.append(
                f"{rows.nameless:,} rows have no {config.cursor_column}; only a full run reads such rows again."
            )

    def _choose_columns(self, rows: sql.Rows) -> list[str]:
        return [name for name in rows.columns if name != rows.picture]

    def _part(self, rows: sql.Rows, batch: list[tuple]) -> tuple[Sequence[Sequence[Any]], Sequence[bytes | None]]:
        """(cells of the contract's columns, pictures)"""
        return take_out(batch, rows.columns.index(rows.picture)) if rows.picture and batch else (batch, ())

    def _bring_files(self) -> Paths:
        """(name, local path) of what changed in the folder or bucket and of what belongs to it; names are clean and
        different from each other."""
        spec = self._spec
        place, known, listed = open_place(spec), read_marks(spec.marks), Listed(self._folder / "listed.txt")
        found = choose_changed(listed.note(place.list()), known, spec.limits, self._folder)
        self._names_are_splits, self._stage.standing = listed.are_splits, str(listed.hashes)
        self._report.log(f"{len(found):,} new or changed files.")
        if place.skipped_links:
            self._stage.notes.append(f"{place.skipped_links:,} links were not followed.")
        paths = self._bring(place, found)
        others: list[Found] = []
        if found and known:
            wanted = Companions([(file.name, paths[file.place]) for file in found], spec, self._folder)
            others = choose_companions(place.list(), known, wanted, spec.limits, self._folder)
            paths |= self._bring(place, others)
            self._stage.listed = str(listed.path)
        write_marks(found, self._folder / "marks.tsv")
        named = [(self._name(file.name, file.place), paths[file.place]) for file in [*found, *others]]
        self._stage.companions = [name for name, _ in named[len(found) :]]
        return named

    def _bring(self, place: Folder | Bucket, found: Sequence[Found]) -> dict[str, str]:
        """{where it lies: local path}"""
        return place.bring(
            found,
            self._folder / "objects",
            self._should_stop,
            lambda count: self._report.progress(count / len(found) / 2, f"{count:,} of {len(found):,} files here"),
        )

    def _name(self, name: str, place: str) -> str:
        """A clean name that no other file of this run has."""
        clean, number = clean_name(name), 1
        while clean in self._stage.files:
            number += 1
            head, dot, tail = clean_name(name).rpartition(".")
            clean = f"{head}~{number}.{tail}" if dot else f"{tail}~{number}"
        self._stage.files[clean] = place
        return clean

    def _read_files(self, paths: Paths) -> None:
        if self._spec.paths is not None:
            places = self._spec.places
            paths = [(self._name(name, places.get(name, clean_name(name))), path) for name, path in paths]
        companions = frozenset(self._stage.companions)
        names = list_names(paths, self._spec.limits)
        self._names_are_splits = self._names_are_splits or are_splits(names)
        if self._spec.item_kind == "image":
            self._stage.read = len(paths) - len(companions)
            self._stage.paths = list(paths)
            self._note_splits([name for name, _ in paths])
            return
        cards, self._class_names = find_cards(paths, self._spec.limits, names)
        for count, file in enumerate(iterate_sources(paths, self._spec.limits), start=1):
            self._stop_if_told()
            if not isinstance(file, SourceFile):
                self._set_aside(file[1].source, file[1].reason, file[1].line)
            elif file.position[:2] in cards or file.uri not in companions:
                self._read_file(file, count, is_card=file.position[:2] in cards)
            self._report.progress(min(0.5 + count / max(len(paths), count) / 2, 1.0), f"{count:,} files checked")

    def _read_file(self, file: SourceFile, number: int, *, is_card: bool) -> None:
        """A table goes through the contract; a card, a document and a text are imported as they are."""
        is_row = self._spec.item_kind == "row"
        if not is_card and (is_row or (is_table(file) and not is_document(file, self._plan))):
            self._read_table(file)
            return
        self._stage.read += not is_card
        self._keep_text(file, number)
        if not is_card:
            self._note_splits([file.name])

    def _note_splits(self, names: Sequence[str]) -> None:
        """What only all names of the folder or bucket together say of some that are read now."""
        found = {name: split_of_name(name) for name in names if self._names_are_splits and not read_folders(name).split}
        self._stage.splits |= {name: split for name, split in found.items() if split}

    def _read_table(self, file: SourceFile) -> None:
        try:
            with file.on_disk(self._folder) as path:
                table = open_table(path, file.name, self._spec.limits)
                table.kinds |= {name: "category" for name in self._class_names if name in table.kinds}
                self._screen_table(table, file.uri, find_split(file.name, self._names_are_splits))
        except Refused as refused:
            self._set_aside(file.uri, str(refused))

    def _set_aside(self, uri: str, reason: str, line: int | None = None) -> None:
        """A file that could not be read to its end."""
        self._quarantine.add(uri, line, reason)
        self._sightings.lose(uri)

    def _screen_table(self, table: Table, uri: str, split: str | None) -> None:
        self._begin(table.columns, [cells for _, cells in table.sample], table.kinds)
        assert self._screen
        if not self._screen.open(table.columns, uri, split):
            return
        for rows in batched(table.read(), BATCH_ROWS):
            self._stop_if_told()
            self._screen.add([row for row in rows if not isinstance(row, BadLine)])  # type: ignore[misc]
            for row in rows:
                if isinstance(row, BadLine):
                    self._screen.set_aside(row.line, row.reason)

    def _keep_text(self, file: SourceFile, number: int) -> None:
        """A text file is an item as it is; out of an archive it is taken by itself."""
        if file.path:
            self._stage.paths.append((file.name, str(file.path)))
            return
        target = self._folder / "texts" / str(number)
        try:
            with file.on_disk(self._folder) as path:
                shutil.copyfile(path, target)
        except Refused as refused:
            self._set_aside(file.uri, str(refused))
            return
        self._stage.paths.append((self._name(file.name, file.uri), str(target)))

    def _begin(self, columns: Sequence[str], rows: Sequence, kinds: Mapping[str, str] | None = None) -> None:
        """At the first table: the contract and the mapping, inferred where nobody has said them."""
        if self._screen:
            return
        spec, contract = self._spec, self._spec.contract
        if not contract.columns or (self._has_files and contract.is_of_files and contract.new_columns != "refuse"):
            found = infer_contract(columns, rows, known_kinds={**(kinds or {}), **dict(spec.known_columns)})
            new = [rule for rule in found.columns if not contract.find(rule.name)]
            contract = replace(contract, columns=(*contract.columns, *new), key=contract.key or found.key)
            self._report.log(f"A contract was inferred from the first {len(rows):,} rows.")
        if self._mapping is None:
            self._mapping = infer_mapping(
                columns, rows, replace(contract, columns=tuple(c for c in contract.columns if c.name in columns)),
                item_kind=spec.item_kind, label_kind=spec.label_kind,
            )  # fmt: skip
        of_files = list_file_columns(contract, self._mapping) if self._has_files else ()
        self._screen = Screen(
            contract, self._folder / "chunks", self._quarantine, self._sightings, spec.limits, of_files
        )

    @property
    def _has_files(self) -> bool:
        """May files by themselves stand beside tables?"""
        return self._spec.item_kind == "text" and not (self._spec.kind == "sql" and self._spec.paths is None)

    def _settle_mapping(self, contract: Contract, names: Sequence[str]) -> ColumnMapping:
        """The mapping with the features by name: neither the key nor the cursor is one unless somebody chose it."""
        mapping = self._mapping or ColumnMapping()
        roles = {role: getattr(mapping, role) for role in ROLES}
        lost = next(((role, name) for role, name in roles.items() if name and name not in names), None)
        if lost:
            raise SourceError(f"The {lost[0]} column {lost[1]!r} is not in the contract.")
        if roles["time"] != event_times.COLUMN:
            del roles["time"]  # it stays a feature of rows
        kept_out = {*roles.values(), *contract.key, self._spec.config.get("cursor_column") or ""}
        chosen = [n for n in mapping.features if n in names] or [n for n in names if n not in kept_out]
        return replace(
            mapping, features=tuple(chosen or names), kinds=tuple((c.name, c.kind) for c in contract.columns)
        )

    def _stop_if_told(self) -> None:
        if self._should_stop():
            raise Canceled
