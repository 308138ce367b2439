"""A stretch of the whole progress for each of an engine's phases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from lifecycle.contracts.engine import Report

T = TypeVar("T")


class Phase:
    """A report whose 0..1 is `start`..`end` of the real one."""

    def __init__(self, report: Report, start: float, end: float):
        self._report, self._start, self._end = report, start, end

    def progress(self, fraction: float, message: str = "") -> None:
        self._report.progress(self._start + (self._end - self._start) * fraction, message)

    def log(self, message: str, level: str = "info") -> None:
        self._report.log(message, level)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        self._report.metrics(step, values)

    def checkpoint(self, path: str, step: int) -> None:
        self._report.checkpoint(path, step)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items; itertools has it from Python 3.12 on."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
