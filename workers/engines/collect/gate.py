"""A contract at work: which columns a table may have, what each cell must be, what was seen. Knows no files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, cast

from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.sources import QUARANTINE_COLUMNS, ColumnRule, Contract, Observed
from workers.engines.collect.cells import Cell, measure
from workers.engines.collect.checks import ColumnCheck

Rows = Sequence[Sequence[Cell]]


class Checked(NamedTuple):
    """A batch of rows: its cells by column in the contract's order, bytes a row, and {place: reason} of broken rows."""

    columns: Sequence[Sequence[Cell]]
    sizes: list[int]
    bad: dict[int, str]


class Gate:
    """Made once per run; tables come one after another: `open` with their columns, `check` batches of their rows.
    `of_files` are columns that files are asked: of rows only once a table has them."""

    def __init__(self, contract: Contract, limits: IngestLimits, of_files: Collection[str] = ()):
        self.contract = contract
        self.notes: dict[str, None] = {}
        self._limits = limits
        self._of_files = {rule.name: rule for rule in contract.columns if rule.name in of_files}
        rules = [rule for rule in contract.columns if rule.name not in self._of_files]
        self._checks = {rule.name: ColumnCheck(rule, is_key=rule.name in contract.key) for rule in rules}
        places = {name: place for place, name in enumerate(self._checks)}
        self._key = [(places[name], self._checks[name].read) for name in contract.key]
        self._columns: list[str] = []

    @property
    def names(self) -> list[str]:
        """The contract's columns that rows have."""
        return [*self._checks]

    def open(self, columns: Sequence[str], uri: str, types: Mapping[str, str] | None = None) -> str:
        """Begin a table; why its columns break the contract, "" when they do not. `types` are those of new columns."""
        self._columns = list(columns)
        for name in [name for name in columns if name in self._of_files]:
            self._checks[name] = ColumnCheck(self._of_files.pop(name))
        missing = [name for name in self._checks if name not in columns]
        needed = next((n for n in missing if self._checks[n].is_required), "")
        new = [name for name in columns if name not in self._checks and name not in QUARANTINE_COLUMNS]
        if needed:
            said = ", ".join(columns[:12])
            return f"the column {needed!r}, which the contract requires, is missing (there is: {said})"
        if new and self.contract.new_columns == "refuse":
            return f"the column {new[0]!r} is not in the contract"
        for name in missing:
            self.notes[f"{uri}: the column {name!r} is missing; its cells count as empty."] = None
        for name in new:
            self._meet(name, uri, (types or {}).get(name, "category"))
        return ""

    def check(self, rows: Rows) -> Checked:
        """Rows of the open table."""
        by_name = dict(zip(self._columns, zip(*rows, strict=True), strict=True)) if rows else {}
        empty = (None,) * len(rows)
        columns = [by_name.get(name, empty) for name in self._checks]
        sizes = list(map(measure, rows))
        bad = self._find_large(sizes)
        for check, cells in zip(self._checks.values(), columns, strict=True):
            check.run(cells, bad)
        return Checked(columns, sizes, bad)

    def read_keys(self, columns: Sequence[Sequence[Cell]]) -> list[list[str]]:
        """The key columns in the contract's order, their values as they are compared, of checked columns."""
        return [[str(read(cell)) for cell in columns[place]] for place, read in self._key]

    def find_key(self, cells: Sequence[Cell]) -> list[str] | None:
        """As `read_keys`, of one row that may break the contract; None where a part of its key cannot be read."""
        try:
            found = [str(read(cells[place])) if cells[place] is not None else None for place, read in self._key]
        except ValueError:
            return None
        return None if None in found else cast("list[str]", found)

    def describe(self, cells: Sequence[Cell]) -> dict[str, Cell]:
        """A row of the open table as the quarantine keeps it."""
        return {n: c for n, c in zip(self._columns, cells, strict=True) if n not in QUARANTINE_COLUMNS}

    def observe(self) -> dict[str, Observed]:
        """What was seen in each column."""
        return {name: check.observe() for name, check in self._checks.items()}

    def _meet(self, name: str, uri: str, kind: str) -> None:
        """A column the contract does not know."""
        if self.contract.new_columns == "keep":
            rule = ColumnRule(name, kind)
            self.contract = replace(self.contract, columns=(*self.contract.columns, rule))
            self._checks[name] = ColumnCheck(rule)
            self.notes[f"{uri}: the column {name!r} is new; it is kept and now in the contract."] = None
        else:
            self.notes[f"{uri}: the column {name!r} is not in the contract; it is left out."] = None

    def _find_large(self, sizes: Sequence[int]) -> dict[int, str]:
        limit = self._limits.row_bytes
        return {
            place: f"the row has {size:,} bytes, and may have {limit:,}"
            for place, size in enumerate(sizes)
            if size > limit
        }
