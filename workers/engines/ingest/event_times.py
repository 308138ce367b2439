"""Cells of the column that says what moment items are of; what cannot be one is noted, and the item comes without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lifecycle.contracts import event_times
from lifecycle.contracts.moments import choose_formats
from workers.engines.ingest.kinds import is_missing

SHOWN_CELLS = 3
SHOWN_CHARS = 40


class EventTimes:
    """Made once per table; `formats` say how its column is read, `unread` has examples of cells that are no moment."""

    def __init__(self, column: str, formats: Sequence[str]):
        self.origin = f"column {column}"[: event_times.ORIGIN_CHARS].replace("\0", "\ufffd")
        self.unread: list[str] = []
        self._formats = tuple(formats)

    @classmethod
    def of_sample(cls, column: str, cells: Iterable[object]) -> EventTimes:
        """For a column of which these are the first cells."""
        return cls(column, choose_formats(cells))

    def read(self, cell: object) -> str | None:
        """ISO 8601 in UTC; None where the cell says nothing that can be."""
        if is_missing(cell):
            return None
        moment = event_times.read(cell, self._formats)
        if moment is None and len(self.unread) < SHOWN_CELLS:
            self.unread.append(str(cell)[:SHOWN_CHARS])
        return moment

    def describe_unread(self) -> str:
        """A sentence for a person; empty where every cell could be read."""
        shown = ", ".join(f"“{cell}”" for cell in self.unread)
        return f"Cells that are no date, or one that cannot be: {shown} … These items have no date." if shown else ""
