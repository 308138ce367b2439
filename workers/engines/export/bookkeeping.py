"""What exports of versions and of labels share: blobs read whole, what was left out by reason, numbers of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import BinaryIO

OpenBlob = Callable[[str], BinaryIO]


class Bookkeeping:
    """For a source of items: its blobs, and a count of what a layout cannot hold."""

    open_blob: OpenBlob
    left_out: Counter[str]

    def read_blob(self, blob: str) -> bytes:
        """A stored file, whole."""
        with self.open_blob(blob) as source:
            return source.read()

    def leave_out(self, reason: str) -> None:
        """Count one thing that the layout cannot hold as it is."""
        self.left_out[reason] += 1

    def list_notes(self) -> tuple[str, ...]:
        """A sentence for each reason."""
        return tuple(f"{count:,} {reason}." for reason, count in self.left_out.most_common())


class ClassNames:
    """The classes in the schema's order, and after them those that only results know."""

    def __init__(self, names: Iterable[str]):
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def number(self, name: str) -> int:
        """The number of a class; a new one comes last."""
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]
