"""What an import of labels is given, and what it reads: tasks in Label Studio's words, or shapes on pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lifecycle.contracts.label_interface import Interface

AUTO = ""  # the layout is found out from the file


@dataclass(frozen=True)
class LabelImportSpec:
    """`layout` is a key of label_exports.LAYOUTS, or AUTO."""

    path: str
    name: str  # as it was uploaded
    interface: Interface
    layout: str = AUTO


class Found(NamedTuple):
    """One region as a label file gives it. `points` are corners in units of `scale` ((1, 1) for fractions; None: the
    picture's own pixels). `value` is what is known of Label Studio's value already."""

    kind: str  # box | turned box | polygon | ellipse | point | brush
    label: str
    points: tuple[tuple[float, float], ...] = ()
    scale: tuple[float, float] | None = None
    value: Mapping[str, Any] = {}
    control: str = ""
    score: float | None = None  # how sure a model is


class Draft(NamedTuple):
    """One task on its way in: a `body` that says everything, or regions on a picture. `place` is for messages, `note`
    a sentence on what was not taken of it."""

    place: str
    body: Mapping[str, Any] | None = None
    picture: str = ""  # its file name or address
    regions: tuple[Found, ...] = ()
    note: str = ""


class Rejected(NamedTuple):
    """Something that cannot be taken, and why."""

    place: str
    reason: str
