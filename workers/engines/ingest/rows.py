"""Turns one row of a table into an item, or says why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

import orjson

from lifecycle.contracts.ingest import ROLES, SPLIT_FOLDERS, ColumnMapping, IngestSpec, Reject
from lifecycle.contracts.sounds import find_reference, identify
from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.event_times import EventTimes
from workers.engines.ingest.fingerprints import compute_text, compute_texts
from workers.engines.ingest.folders import MAX_LABEL_CHARS
from workers.engines.ingest.formats.labelstudio import REGIONS, read_results
from workers.engines.ingest.formats.regions import Damage, build_spans, summarize
from workers.engines.ingest.identity import compute_hash, encode_row
from workers.engines.ingest.kinds import is_missing, parse_number
from workers.engines.ingest.mapping import list_features
from workers.engines.ingest.quick_rows import QuickRows
from workers.engines.ingest.records import Batch, Position, Record
from workers.engines.ingest.row_prints import EQUAL, RowGrid
from workers.engines.ingest.sound_book import SoundBook

Row = tuple[int, Sequence[object]]
MAX_GROUP_CHARS = 200
NUL_ESCAPE = b"\\u0000"
TEXT, FINGERPRINT = (Record._fields.index(name) for name in ("text", "fingerprint"))


class RowBuilder:
    """Made once per table, called once per row."""

    def __init__(
        self,
        spec: IngestSpec,
        mapping: ColumnMapping,
        columns: Sequence[str],
        kinds: Mapping[str, str],
        uri: str,
        split: str | None = None,
        sounds: SoundBook | None = None,
        spreads: Mapping[str, float] | None = None,
        times: EventTimes | None = None,
    ):
        self._times = times
        self._limits = spec.limits
        self._uri = uri
        self._split = split
        self._sounds = sounds
        self._places = {role: columns.index(name) for role in ROLES
                        if (name := getattr(mapping, role))}  # fmt: skip
        self._read_label = read_number_label if spec.label_kind == "number" else read_class_label
        features = list_features(mapping, columns)
        self.features = tuple((name, kinds[name]) for name in features)
        self._numbers = [(name, columns.index(name)) for name in features if kinds[name] == "number"]
        self._texts = [(name, columns.index(name)) for name in features if kinds[name] != "number"]
        self._grid = RowGrid({name: (spreads or {}).get(name, EQUAL) for name, _ in self._numbers})
        self._is_text = spec.item_kind == "text"
        is_marked = self._is_text and spec.label_kind == "spans" and REGIONS in columns
        self._regions = columns.index(REGIONS) if is_marked else None
        self.build: Callable[[int, Sequence[object]], Record] = self._build_text if self._is_text else self._build_row
        self._quick = self._make_quick(spec) if spec.item_kind == "row" and sounds is None else None

    def _make_quick(self, spec: IngestSpec) -> QuickRows:
        features = [(*column, True) for column in self._numbers] + [(*column, False) for column in self._texts]
        readers = {"label": self._read_label, "group": read_group, "split": read_split}
        roles = {role: (place, readers[role]) for role, place in self._places.items() if role in readers}
        times = (self._places["time"], self._times) if self._times else None
        return QuickRows(features, roles, self._uri, spec.limits.row_bytes, self._grid, self._split, times)

    def build_batch(self, rows: Sequence[Row | BadLine], position: Position) -> Batch:
        """Many rows at once; those that cannot be items come as rejects, in order."""
        rejects: dict[int, Reject] = {}
        good: list[tuple[int, Row]] = []
        for place, row in enumerate(rows):
            if isinstance(row, BadLine):
                rejects[place] = Reject(self._uri, row.line, row.reason)
            else:
                good.append((place, row))
        columns: list[Sequence | None] = []
        if self._quick and good:
            columns, bad = self._quick.build([row for _, row in good])
            good = [good[place] for place in bad]
        columns = _append(columns, self._build_each(good, rejects))
        if self._is_text and columns:
            columns[FINGERPRINT] = compute_texts(columns[TEXT] or ())
        count = len(columns[0] or ()) if columns else 0
        return Batch(position, count, columns, [rejects[place] for place in sorted(rejects)])

    def _build_each(self, rows: Sequence[tuple[int, Row]], rejects: dict[int, Reject]) -> list[Record]:
        """Texts come without a fingerprint: many at once are quicker."""
        records = []
        read = self._read_text if self._is_text else self._build_row
        for place, (line, cells) in rows:
            try:
                records.append(read(line, cells))
            except Refused as refused:
                rejects[place] = Reject(self._uri, line, str(refused))
        return records

    def _build_text(self, line: int, cells: Sequence[object]) -> Record:
        record = self._read_text(line, cells)
        return record._replace(fingerprint=compute_text(record.text or ""))

    def _read_text(self, line: int, cells: Sequence[object]) -> Record:
        """Without a fingerprint."""
        cell = cells[self._places["text"]]
        text = "" if cell is None else str(cell)
        content = check_text(text, self._limits.text_chars)
        record = Record(
            content_hash=compute_hash(content),
            text=text,
            source_uri=f"{self._uri}#{line}",
            mime="text/plain",
            byte_size=len(content),
            **self._read_roles(cells),
        )
        return record if self._regions is None else _mark(record, cells[self._regions])

    def _build_row(self, line: int, cells: Sequence[object]) -> Record:
        row = self._collect(cells)
        if not row:
            raise Refused("the row is empty")
        content = encode_row(row)
        if len(content) > self._limits.row_bytes:
            raise Refused("the row is too large")
        if NUL_ESCAPE in content and any("\0" in v for v in row.values() if isinstance(v, str)):
            raise Refused("the row holds a NUL character")
        record = Record(
            content_hash=compute_hash(content),
            row=content.decode(),
            source_uri=f"{self._uri}#{line}",
            mime="application/json",
            byte_size=len(content),
            **self._read_roles(cells),
        )
        if self._sounds:
            return add_sound(record, row, self._sounds)
        fingerprint, near = self._grid.compute_row(row)
        return record._replace(fingerprint=fingerprint, near_prints=near)

    def _collect(self, cells: Sequence[object]) -> dict[str, object]:
        row: dict[str, object] = {}
        for name, place in self._numbers:
            try:
                number = parse_number(cells[place])
            except ValueError as error:
                raise Refused(f"column {name}: {str(cells[place])[:60]!r} {error}") from None
            if number is not None:
                row[name] = number
        for name, place in self._texts:
            cell = cells[place]
            if isinstance(cell, str):
                cell = cell.strip()
            if not is_missing(cell):
                row[name] = cell if isinstance(cell, str) else str(cell)
        return row

    def _read_roles(self, cells: Sequence[object]) -> dict[str, Any]:
        places = self._places
        roles: dict[str, Any] = {"split": self._split}
        if "label" in places:
            roles["label"] = self._read_label(cells[places["label"]])
        if "group" in places:
            roles["group"] = read_group(cells[places["group"]])
        if "split" in places:
            roles["split"] = read_split(cells[places["split"]])
        if self._times and (moment := self._times.read(cells[places["time"]])):
            roles |= {"event_time": moment, "event_time_origin": self._times.origin}
        return roles


def _mark(record: Record, cell: object) -> Record:
    """With the spans that our own tables have beside a text."""
    try:
        task = read_results(cell)
    except Damage as damage:
        raise Refused(str(damage)) from None
    if task.spans is None:
        return record
    results, problems = build_spans(task.spans, record.text or "")
    if found := [*task.problems, *problems]:
        raise Refused(found[0])
    return record._replace(label=summarize(results), result=orjson.dumps(results).decode())


def add_sound(record: Record, row: Mapping[str, object], sounds: SoundBook) -> Record:
    """The row's record with the file that it refers to, where that is one of this import."""
    sound = sounds.get(find_reference(row))
    if sound is None:
        return record
    return record._replace(
        content_hash=identify(row) or record.content_hash,
        blob=sound.digest,
        mime=sound.mime,
        byte_size=sound.byte_size,
    )


def _append(columns: list[Sequence | None], records: Sequence[Record]) -> list[Sequence | None]:
    """The columns with the fields of `records` below them."""
    if not records:
        return columns
    below = list(zip(*records, strict=True))
    if not columns:
        return list(below)
    count = len(columns[0] or ())
    return [[*(above or repeat(None, count)), *values] for above, values in zip(columns, below, strict=True)]


def check_text(text: str, max_chars: int) -> bytes:
    """The text as UTF-8; Refused when it is empty, too long or not text."""
    if not text.strip():
        raise Refused("the text is empty")
    if len(text) > max_chars:
        raise Refused(f"the text is longer than {max_chars:,} characters")
    if "\0" in text:
        raise Refused("the text holds a NUL character")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("the text holds bytes that are not valid in the file's encoding") from None


def read_class_label(cell: object) -> str | None:
    """A class name, None where the cell is empty."""
    if is_missing(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    label = _check_words(str(cell).strip(), "the label")
    if len(label) > MAX_LABEL_CHARS:
        raise Refused(f"the label is longer than {MAX_LABEL_CHARS} characters")
    return label


def read_number_label(cell: object) -> str | None:
    """A number as text in canonical form, None where the cell is empty."""
    try:
        number = parse_number(cell)
    except ValueError as error:
        raise Refused(f"the label {str(cell)[:60]!r} {error}") from None
    return None if number is None else str(number)


def read_group(cell: object) -> str | None:
    if is_missing(cell):
        return None
    group = _check_words(str(cell).strip(), "the group")
    if len(group) > MAX_GROUP_CHARS:
        raise Refused(f"the group is longer than {MAX_GROUP_CHARS} characters")
    return group


def read_split(cell: object) -> str | None:
    if is_missing(cell):
        return None
    split = SPLIT_FOLDERS.get(str(cell).strip().lower())
    if split is None:
        raise Refused(f"the split {str(cell)[:40]!r} is none of train, validation and test")
    return split


def _check_words(text: str, what: str) -> str:
    if "\0" in text:
        raise Refused(f"{what} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(f"{what} holds bytes that are not valid in the file's encoding") from None
    return text
