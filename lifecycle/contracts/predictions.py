"""Rows of a file of predictions, as a reader gives them and the labelling room takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Span(NamedTuple):
    """A labeled stretch of a text, in characters from 0; `end` is not in it."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Row:
    """One prediction. Exactly one of item, task, source, text and data says whose; one of label, result and spans
    what.
    """

    line: int
    item: int | None = None
    task: int | None = None
    source: str = ""
    text: str = ""
    data: Mapping[str, Any] | None = None  # of a Label Studio task
    label: str = ""
    result: Any = None
    spans: tuple[Span, ...] = ()
    score: float | None = None
    version: str = ""


@dataclass(frozen=True)
class Bad:
    """A row that says nothing usable, and why."""

    line: int | str  # or what the file calls it
    reason: str
