"""What each room tells the loop page about its stage of a project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StageState(StrEnum):
    EMPTY = "empty"  # nothing here yet, and an earlier stage comes first
    READY = "ready"  # the next thing to do is here
    WORKING = "working"  # a job is running
    ATTENTION = "attention"  # something failed or is over a limit
    DONE = "done"  # has what the next stage needs


@dataclass(frozen=True)
class Figure:
    """A live number on the stage's card, e.g. Figure("items", "5,000")."""

    label: str
    value: str


def count_figure(noun: str, count: int) -> Figure:
    """A count with its noun: "1 run", "5,000 runs"."""
    return Figure(noun if count == 1 else f"{noun}s", f"{count:,}")


@dataclass(frozen=True)
class StageSummary:
    """`action` is a key that webapp/pages/loop.py turns into a link; lifecycle knows no URLs."""

    stage: str  # projects.models.Stage
    state: StageState
    headline: str
    figures: tuple[Figure, ...] = ()
    action: str = ""
    action_label: str = ""
