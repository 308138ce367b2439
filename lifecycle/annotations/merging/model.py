"""The plain values of merging: answers as they are read, and what comes out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lifecycle.contracts.label_interface import CONTROLS, Control, Interface

Entry = Mapping[str, Any]

HALF = 0.5 - 1e-9  # of all weight; weights are sums of fractions
RELATIONS = "relations"  # the control that a part about a relation names


@dataclass(frozen=True)
class Answer:
    """One person's checked result to one item. Newer answers have higher ids: they win ties."""

    annotation: int
    user: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Part:
    """One thing that was settled: a question, a region or a relation. `annotations` are the answers that say so.

    A region that too few drew is a part as well, with `is_kept` false and how sure it is that it does not belong.
    """

    control: str
    posterior: float
    annotations: tuple[int, ...]
    region: str = ""  # its id in the merged result
    said: str = ""
    is_kept: bool = True

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"annotations": list(self.annotations), "posterior": round(self.posterior, 4)}


@dataclass(frozen=True)
class Merged:
    """A result of its own, how sure its least sure part is (0 to 1), and its parts."""

    result: list[dict[str, Any]]
    posterior: float
    parts: tuple[Part, ...] = ()
    agreed: Mapping[str, Mapping[int, tuple[float, float]]] = field(default_factory=dict)
    # by control and person: how much of what they said came out (of how much); what skills are learned from


@dataclass(frozen=True)
class Said:
    """What one person said to one question; `entry` is None where they left it out."""

    annotation: int
    user: int
    entry: Entry | None


@dataclass(frozen=True)
class Settled:
    """What came out of one question: an entry, or None where it stays unanswered."""

    entry: dict[str, Any] | None
    posterior: float
    annotations: tuple[int, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """One region of one answer: its drawn entries (one for each control that labels it), and what is said of it."""

    annotation: int
    user: int
    place: int  # among the regions of its answer
    id: str
    entries: tuple[Entry, ...]
    notes: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def main(self) -> Entry:
        """The entry of the first control that labels it."""
        return self.entries[0]


@dataclass(frozen=True)
class Reading:
    """An answer taken apart."""

    answer: Answer
    plain: Mapping[str, Entry]
    regions: tuple[Drawn, ...]
    relations: tuple[Entry, ...]


def read_answer(interface: Interface, answer: Answer) -> Reading:
    """Take a checked answer apart: questions about the whole, regions with what is said of them, relations."""
    order = {control.name: place for place, control in enumerate(interface.controls)}
    plain: dict[str, Entry] = {}
    drawn: dict[str, list[Entry]] = {}
    notes: dict[str, dict[str, Entry]] = {}
    for place, entry in enumerate(answer.entries):
        control = interface.by_name.get(entry.get("from_name", ""))
        if control is None:
            continue
        if CONTROLS[control.tag].draws:
            drawn.setdefault(entry.get("id") or f"#{place}", []).append(entry)
        elif control.per_region:
            notes.setdefault(entry["id"], {})[control.name] = entry
        else:
            plain[control.name] = entry
    regions = []
    for place, (identifier, entries) in enumerate(drawn.items()):
        entries.sort(key=lambda entry: order[entry["from_name"]])
        known = notes.get(identifier, {})
        regions.append(Drawn(answer.annotation, answer.user, place, identifier, tuple(entries), known))
    relations = tuple(entry for entry in answer.entries if is_relation(entry))
    return Reading(answer, plain, tuple(regions), relations)


def is_relation(entry: Entry) -> bool:
    return entry.get("type") == "relation" and "from_name" not in entry


def key_of(control: Control) -> str:
    """Where in its value an entry of a control that does not draw keeps what it says."""
    return CONTROLS[control.tag].key
