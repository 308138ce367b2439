"""Tables of a page as named columns and rows; cells that span several places fill them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_SPAN = 1_000
MAX_COLUMNS = 500
MAX_ROWS = 50_000
MAX_NAME_CHARS = 100


class Table(NamedTuple):
    columns: list[str]
    rows: list[list[str | None]]


def find_tables(tree: Any) -> Iterator[Table]:
    """Tables with a head and at least one row and two columns; tables that only lay out a page are passed over."""
    for element in tree.iter("table"):
        if next(element.iterdescendants("table"), None) is not None:
            continue
        grid = _read_grid(element)
        if len(grid) < 2 or len(grid[0]) < 2:
            continue
        columns = _name_columns(grid[0])
        rows = [_fit(row, len(columns)) for row in grid[1:] if any(row)]
        if rows:
            yield Table(columns, rows)


def _read_grid(table: Any) -> list[list[str | None]]:
    """Cells by row and column, spans filled in."""
    grid: list[list[str | None]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> (rows left, text) of a cell that spans rows
    for line in table.iter("tr"):
        row: list[str | None] = []
        for cell in line.iterchildren("td", "th"):
            _fill_hanging(row, hanging)
            text = " ".join("".join(cell.itertext()).split()).replace("\0", "\ufffd")
            rows, columns = _span(cell, "rowspan"), _span(cell, "colspan")
            for _ in range(min(columns, MAX_COLUMNS - len(row))):
                if rows > 1:
                    hanging[len(row)] = (rows - 1, text)
                row.append(text)
        _fill_hanging(row, hanging)
        grid.append(row)
        if len(grid) > MAX_ROWS:
            break
    return grid


def _fill_hanging(row: list[str | None], hanging: dict[int, tuple[int, str]]) -> None:
    while (place := len(row)) in hanging and place < MAX_COLUMNS:
        left, text = hanging.pop(place)
        if left > 1:
            hanging[place] = (left - 1, text)
        row.append(text)


def _span(cell: Any, name: str) -> int:
    text = cell.get(name) or "1"
    return min(max(int(text), 1), MAX_SPAN) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _name_columns(cells: list[str | None]) -> list[str]:
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = base = (cell or "").strip()[:MAX_NAME_CHARS] or f"column {place}"
        number = 2
        while name in names:
            name, number = f"{base} {number}", number + 1
        names.append(name)
    return names


def _fit(row: list[str | None], width: int) -> list[str | None]:
    return [*row[:width], *[None] * (width - len(row))]
