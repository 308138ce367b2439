"""What every engine is handed besides its spec: functions to report through and a question to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

ShouldStop = Callable[[], bool]  # asked often; True means: save what is worth saving and return


class Report(Protocol):
    """Where an engine says how far it is. It never sees the store behind it; calls are cheap and buffered."""

    def progress(self, fraction: float, message: str = "") -> None:
        """`fraction` of the work done, 0..1."""

    def log(self, message: str, level: str = "info") -> None:
        """One line for the live log; level is debug, info, warning or error."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Scores at a step (one optimizer step or epoch, as the key says), e.g. ``{"train/loss": 0.3}``."""

    def checkpoint(self, path: str, step: int) -> None:
        """The folder `path` holds a complete checkpoint; it is durable when this returns."""


class Canceled(Exception):
    """Raised by an engine that stopped because `should_stop()` said so and has nothing to return."""
