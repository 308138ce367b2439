"""Which columns a table of rows shows, and where their headers lead."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.datasets.filters import COLUMN_PREFIX, ItemFilters
from lifecycle.datasets.models import Dataset

SHOWN_COLUMNS = 12


@dataclass(frozen=True)
class Column:
    name: str
    is_number: bool
    sort_query: str  # the list sorted by this column; a second click turns it round
    arrow: str  # up, down or ""


def choose_columns(dataset: Dataset, filters: ItemFilters) -> list[Column]:
    """The first columns of the dataset, as the table's header shows them."""
    return [_build(column["name"], column["kind"], filters) for column in dataset.columns[:SHOWN_COLUMNS]]


def _build(name: str, kind: str, filters: ItemFilters) -> Column:
    up = COLUMN_PREFIX + name
    is_up, is_down = filters.sort == up, filters.sort == f"-{up}"
    query = filters.to_query(sort=f"-{up}" if is_up else up)
    return Column(name, kind == "number", query, "up" if is_up else "down" if is_down else "")
