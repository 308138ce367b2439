"""Rows of any table through the contract: the good ones into Parquet chunks, the others into quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from json.encoder import encode_basestring_ascii
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.sources import Contract, Observed
from workers.engines.collect.cells import Cell
from workers.engines.collect.gate import Gate
from workers.engines.collect.quarantine import Quarantine, is_returned, restore_cell
from workers.engines.collect.sightings import Sightings

CHUNK_ROWS = 20_000
CHUNK_BYTES = 16 << 20
LINE, KEY, KEY_HASH = "gristmill:line", "gristmill:key", "gristmill:key_hash"
PICTURE = "gristmill:picture"  # bytes, where the rows are of pictures
MAX_KEY_CHARS = 300
Numbered = Sequence[tuple[int, Sequence[Cell]]]


class Screen:
    """Made once per run; tables come one after another: `open`, `add` batches, and `close` at the end."""

    def __init__(
        self, contract: Contract, folder: Path, quarantine: Quarantine, sightings: Sightings, limits: IngestLimits,
        of_files: Collection[str] = (),
    ):  # fmt: skip
        self.read = 0
        self.names: dict[str, str] = {}  # chunk -> what the table is called
        self.splits: dict[str, str] = {}  # chunk -> the split that its table's name or folder says
        self._gate = Gate(contract, limits, of_files)
        self._folder, self._quarantine, self._sightings = folder, quarantine, sightings
        self._uri = ""
        self._split: str | None = None
        self._is_returned = False
        self._lines: list[int] = []
        self._columns: list[list[Cell]] = []  # in the contract's order
        self._pictures: list[bytes | None] = []  # one a row, or none at all
        self._bytes = 0

    @property
    def contract(self) -> Contract:
        """With the columns that were met on the way."""
        return self._gate.contract

    @property
    def columns(self) -> list[str]:
        """The contract's columns that rows have: those of the chunks."""
        return self._gate.names

    @property
    def notes(self) -> dict[str, None]:
        return self._gate.notes

    def open(self, columns: Sequence[str], uri: str, split: str | None = None) -> bool:
        """Begin a table, all of whose rows are of `split`. False when its columns break the contract: the table is set
        aside as a whole."""
        self._flush()
        self._uri, self._split, self._is_returned = uri, split, is_returned(columns)
        reason = self._gate.open(columns, uri)
        if reason:
            self.notes[f"{uri}: {reason}."] = None
            self._quarantine.add(uri, None, reason)
            self._sightings.lose(uri)
        return not reason

    def add(self, batch: Numbered, pictures: Sequence[bytes | None] = ()) -> None:
        """Check a batch of (line, cells) of the open table; each row may have a picture."""
        self.read += len(batch)
        rows = [cells for _, cells in batch]
        if self._is_returned:
            rows = [[restore_cell(cell) for cell in cells] for cells in rows]
        columns, sizes, bad = self._gate.check(rows)
        for place in sorted(bad):
            self._quarantine.add(self._uri, batch[place][0], bad[place], self._gate.describe(rows[place]))
        if bad:
            self._see([cells[place] for cells in columns] for place in bad)
        kept = [place for place in range(len(batch)) if place not in bad]
        if kept:
            shown = [pictures[place] for place in kept] if pictures else []
            self._pictures += shown
            size = sum(sizes[place] for place in kept) + sum(len(picture or b"") for picture in shown)
            self._keep([batch[place][0] for place in kept], columns, kept, size)

    def set_aside(self, line: int | None, reason: str) -> None:
        """A line of the open table that could not even be read."""
        self.read += 1
        self._quarantine.add(self._uri, line, reason)
        self._sightings.lose(self._uri)

    def close(self) -> list[str]:
        """Write what is left; the paths of all chunks, all with the same columns."""
        self._flush()
        paths = [str(self._folder / name) for name in self.names]
        for path in paths:
            _complete(path, self._gate.names)
        return paths

    def observe(self) -> dict[str, Observed]:
        """What was seen in each column."""
        return self._gate.observe()

    def _keep(self, lines: list[int], columns: Sequence[Sequence[Cell]], places: list[int], size: int) -> None:
        if not self._lines:
            self._columns = [[] for _ in columns]
        is_whole = len(places) == len(columns[0]) if columns else False
        for own, cells in zip(self._columns, columns, strict=True):
            own += cells if is_whole else [cells[place] for place in places]
        self._lines += lines
        self._bytes += size
        if len(self._lines) >= CHUNK_ROWS or self._bytes >= CHUNK_BYTES:
            self._flush()

    def _see(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Rows that are set aside stand there all the same; those that no key names could be any."""
        if not self.contract.key:
            self._sightings.lose(self._uri)
            return
        for cells in rows:
            if key := self._gate.find_key(cells):
                self._sightings.see(hash_key(key), self._uri)

    def _read_keys(self) -> tuple[list[str | None], list[str | None]]:
        """What the key of each row is called, and its hash."""
        names = self.contract.key
        if not names:
            nothing: list[str | None] = [None] * len(self._lines)
            return nothing, nothing
        shown: list[str | None] = []
        hashes: list[str | None] = []
        for values in zip(*self._gate.read_keys(self._columns), strict=True):
            said = ", ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
            shown.append(said[:MAX_KEY_CHARS].replace("\0", "\ufffd"))
            hashes.append(hash_key(values))
        return shown, hashes

    def _flush(self) -> None:
        if not self._lines:
            return
        name = f"t{len(self.names):05}.parquet"
        keys, hashes = self._read_keys()
        names = self._gate.names[: len(self._columns)]
        arrays = {column: _to_array(cells) for column, cells in zip(names, self._columns, strict=True)}
        arrays |= {LINE: pa.array(self._lines, pa.int64()), KEY: pa.array(keys, pa.string())}
        if self._pictures:
            arrays[PICTURE] = pa.array(self._pictures, pa.large_binary())
        table = pa.table(arrays | {KEY_HASH: pa.array(hashes, pa.string())})
        pq.write_table(table, self._folder / name, use_dictionary=False)  # read once, and soon
        self.names[name] = self._uri
        if self._split:
            self.splits[name] = self._split
        self._lines, self._columns, self._pictures, self._bytes = [], [], [], 0


def hash_key(values: Sequence[str]) -> str:
    """32 hex digits that stand for a key: of the JSON list of its values."""
    text = "[" + ", ".join(map(encode_basestring_ascii, values)) + "]"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _to_array(cells: Sequence[Cell]) -> pa.Array:
    """As numbers where all are, else as text: what a CSV would have said."""
    try:
        found = pa.array(cells)
        if found.type in (pa.int64(), pa.float64(), pa.string()):
            return found
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        found = None
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _complete(path: str, columns: Sequence[str]) -> None:
    """Add the columns that were met only after this chunk was written."""
    missing = [name for name in columns if name not in pq.read_schema(path).names]
    if missing:
        table = pq.read_table(path)
        for name in missing:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
        pq.write_table(table, path)
