"""What was set aside, with reason, line and cells: one JSON object a line, and back from a corrected CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from lifecycle.contracts.sources import FORMULA_STARTS, QUARANTINE_COLUMNS
from workers.engines.collect.cells import Cell

MAX_CELL_CHARS = 20_000


class Quarantine:
    """Appends to a file. At most `limit` lines are kept; all are counted."""

    def __init__(self, path: Path, limit: int, *, start: int = 0):
        self.path = path
        self.count = start  # with a file that has these already
        self._limit = limit
        self._out = path.open("ab" if start else "wb")

    def add(self, source: str, line: int | None, reason: str, row: Mapping[str, Cell] | None = None) -> None:
        """Set one row or file aside."""
        self.count += 1
        if self.count <= self._limit:
            entry: dict = {"source": source, "line": line, "reason": reason}
            if row is not None:
                entry["row"] = {name: _cut(cell) for name, cell in row.items()}
            self._out.write(json.dumps(entry, ensure_ascii=True, default=str).encode() + b"\n")

    def close(self) -> None:
        self._out.close()


def is_returned(columns: Sequence[str]) -> bool:
    """Is this table a quarantine that was downloaded, corrected and sent back?"""
    return set(QUARANTINE_COLUMNS) <= set(columns)


def restore_cell(cell: Cell) -> Cell:
    """Without the apostrophe that kept a spreadsheet from running the cell."""
    if type(cell) is str and cell[:1] == "'" and cell[1:2] in FORMULA_STARTS:
        return cell[1:]
    return cell


def _cut(cell: Cell) -> Cell:
    if type(cell) is not str:
        return cell
    text = cell.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return text if len(text) <= MAX_CELL_CHARS else text[:MAX_CELL_CHARS] + "…"
