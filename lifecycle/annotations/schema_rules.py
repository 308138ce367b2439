"""What going from one schema to another means for the answers that exist. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lifecycle.contracts.label_interface import CONTROLS, Control, Interface
from lifecycle.contracts.label_interface.values import find_key

JOINT = " / "
# control -> {label: new name}; nested labels by their path, and the whole control by NO_LABEL
Renames = Mapping[str, Mapping[str, str]]
NO_LABEL = ""


@dataclass(frozen=True)
class SchemaChange:
    """Per control: labels with another name, labels that are gone, and controls that are gone or ask otherwise.

    Nested labels are told by their paths, in `renamed` the new one too. Answers may say a nested choice by its last
    step alone: `steps` has what becomes of these, None where they are gone. `controls` are questions with another
    name; everything else goes by their old ones.
    """

    renamed: dict[str, dict[str, str]] = field(default_factory=dict)
    lost_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost_controls: tuple[str, ...] = ()
    steps: dict[str, dict[str, str | None]] = field(default_factory=dict)
    controls: dict[str, str] = field(default_factory=dict)

    @property
    def touches_answers(self) -> bool:
        return bool(self.renamed or self.lost_labels or self.lost_controls or self.controls)

    def to_json(self) -> dict[str, Any]:
        lost = {name: list(labels) for name, labels in self.lost_labels.items()}
        return {"renamed": self.renamed, "lost_labels": lost, "lost_controls": list(self.lost_controls),
                "steps": self.steps, "controls": self.controls}  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> SchemaChange:
        lost = {name: tuple(labels) for name, labels in raw["lost_labels"].items()}
        more = (dict(raw.get(name) or {}) for name in ("steps", "controls"))  # earlier releases did not write them
        return cls(dict(raw["renamed"]), lost, tuple(raw["lost_controls"]), *more)


@dataclass(frozen=True)
class Break:
    """Answers that a new schema has no place for. `label` is empty where the whole control is gone."""

    control: str
    label: str
    answers: int


def identify(control: Control, label: Any) -> str:
    """What a label is called in a change: by its path where labels stand inside each other. One that an answer says by
    its last step alone is the one label that ends so, if it is the only one."""
    if isinstance(label, str):
        found = control.find_paths(label) if control.nested else ()
        return JOINT.join(found[0]) if len(found) == 1 else label
    return JOINT.join(label) if control.nested else str(label[-1])


def list_labels(control: Control) -> list[str]:
    """Every label of a control that is listed in its tag, as `identify` calls it."""
    if not CONTROLS[control.tag].part:
        return []
    return [JOINT.join(one.path) if control.nested else one.value for one in control.labels]


def compare_interfaces(old: Interface, new: Interface, renames: Renames) -> SchemaChange:
    """What changes, where `renames` says which label became which one. A label may be renamed into one that exists;
    a nested one into another below the same label, or into any other by its whole path; a whole question into one that
    is new and asks in the same way."""
    renamed: dict[str, dict[str, str]] = {}
    lost_labels: dict[str, tuple[str, ...]] = {}
    steps: dict[str, dict[str, str | None]] = {}
    lost_controls = []
    controls: dict[str, str] = {}
    for control in old.controls:
        asked = renames.get(control.name, {})
        now = new.by_name.get(control.name)
        if asked.get(NO_LABEL) in list_successors(old, control, new):
            now = new.by_name[asked[NO_LABEL]]
            controls[control.name] = now.name
        if now is None or not _asks_alike(control, now):
            lost_controls.append(control.name)
            continue
        known = set(list_labels(now))
        gone = [label for label in list_labels(control) if label not in known]
        moved: dict[str, str] = {}
        for label in gone:  # those above come before those below them
            to = _find_target(control, label, asked.get(label, ""), moved, known)
            if to:
                moved[label] = to
        lost = tuple(label for label in gone if label not in moved and not _is_below(control, label, moved, known))
        if moved:
            renamed[control.name] = moved
        if lost:
            lost_labels[control.name] = lost
        if (moved or lost) and control.nested and control.tag == "Choices":
            steps[control.name] = _find_steps(control, now, moved, lost)
    told = {name: one for name, one in steps.items() if one}
    return SchemaChange(renamed, lost_labels, tuple(lost_controls), told, controls)


def list_successors(old: Interface, control: Control, new: Interface) -> list[str]:
    """The questions of a new schema that could be one of the old under another name."""
    if control.name in new.by_name:
        return []
    return [one.name for one in new.controls if one.name not in old.by_name and _asks_alike(control, one)]


def _asks_alike(one: Control, other: Control) -> bool:
    return (one.type, one.per_region, one.to) == (other.type, other.per_region, other.to)


def _find_target(control: Control, label: str, new: str, moved: Mapping[str, str], known: set[str]) -> str:
    """Where a label goes that was renamed; empty where it goes nowhere."""
    if not new:
        return ""
    beside = new
    if control.nested:
        *above, _ = label.split(JOINT)
        beside = JOINT.join([*_move_path(tuple(above), moved), new])
    return next((one for one in (beside, new) if one in known), "")


def _is_below(control: Control, label: str, moved: Mapping[str, str], known: set[str]) -> bool:
    """Whether a nested label only follows one above it that was renamed."""
    return control.nested and JOINT.join(_move_path(tuple(label.split(JOINT)), moved)) in known


def _move_path(path: tuple[str, ...], moved: Mapping[str, str]) -> tuple[str, ...]:
    """A path after the longest beginning of it that has moved."""
    for end in range(len(path), 0, -1):
        to = moved.get(JOINT.join(path[:end]))
        if to is not None:
            return (*to.split(JOINT), *path[end:])
    return path


def _find_steps(control: Control, now: Control, moved: Mapping[str, str], lost: Sequence[str]) -> dict[str, str | None]:
    """What becomes of nested choices that answers say by their last step alone, where it is not what it was."""
    gone = set(lost)
    steps: dict[str, str | None] = {}
    for value in dict.fromkeys(label.value for label in control.labels):
        paths = control.find_paths(value)
        ends = [_move_path(path, moved)[-1] for path in paths if JOINT.join(path) not in gone]
        if value not in ends:  # of several labels that end so, one that stays keeps the answers that do not say which
            steps[value] = ends[0] if ends else None
    return steps


def migrate_result(result: Sequence[Mapping[str, Any]], change: SchemaChange, new: Interface) -> list[dict[str, Any]]:
    """A result with the new names; what the new schema has no place for is left out, relations to it too."""
    kept = [moved for entry in result if (moved := _migrate_entry(entry, change, new)) is not None]
    drawing = {control.name for control in new.find_region_controls()}
    regions = {entry.get("id") for entry in kept if entry.get("from_name") in drawing}
    per_region = {control.name for control in new.controls if control.per_region}
    return [entry for entry in kept if _still_holds(entry, regions, per_region)]


def _still_holds(entry: Mapping[str, Any], regions: set[Any], per_region: set[str]) -> bool:
    if entry.get("type") == "relation":
        return entry.get("from_id") in regions and entry.get("to_id") in regions
    return entry.get("from_name") not in per_region or entry.get("id") in regions


def _migrate_entry(entry: Mapping[str, Any], change: SchemaChange, new: Interface) -> dict[str, Any] | None:
    if entry.get("type") == "relation":
        return _migrate_relation(entry, change)
    name = entry.get("from_name", "")
    control = new.by_name.get(change.controls.get(name, name))
    if control is None or name in change.lost_controls:
        return None
    entry = {**entry, "from_name": control.name}
    key, said = find_key(control, entry), entry["value"].get(find_key(control, entry))
    if not (name in change.renamed or name in change.lost_labels) or not isinstance(said, list):
        return dict(entry)
    names = [_move(control, name, one, change) for one in said]
    names = [one for place, one in enumerate(names) if one is not None and one not in names[:place]]
    return {**entry, "value": {**entry["value"], key: names}} if names else None


def _move(control: Control, name: str, label: Any, change: SchemaChange) -> Any:
    """What a label is called now; None for one that is gone."""
    moved, lost = change.renamed.get(name, {}), change.lost_labels.get(name, ())
    if isinstance(label, list) and control.nested:
        return None if JOINT.join(label) in lost else list(_move_path(tuple(label), moved))
    if isinstance(label, list):
        return None if str(label[-1]) in lost else label
    if name in change.steps:
        return change.steps[name].get(label, label)
    return None if label in lost else moved.get(label, label)


def _migrate_relation(entry: Mapping[str, Any], change: SchemaChange) -> dict[str, Any]:
    moved = change.renamed.get("relations", {})
    lost = set(change.lost_labels.get("relations", ()))
    if not entry.get("labels") or not (moved or lost):
        return dict(entry)
    return {**entry, "labels": [moved.get(label, label) for label in entry["labels"] if label not in lost]}
