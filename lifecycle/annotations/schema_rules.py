"""What going from one schema to another means for the answers that exist. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lifecycle.contracts.label_interface import CONTROLS, Control, Interface
from lifecycle.contracts.label_interface.values import find_key

JOINT = " / "
Renames = Mapping[str, Mapping[str, str]]  # control -> {label: new name}; nested labels by their path


@dataclass(frozen=True)
class SchemaChange:
    """Per control: labels with another name, labels that are gone, and controls that are gone or ask otherwise."""

    renamed: dict[str, dict[str, str]] = field(default_factory=dict)
    lost_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost_controls: tuple[str, ...] = ()

    @property
    def touches_answers(self) -> bool:
        return bool(self.renamed or self.lost_labels or self.lost_controls)

    def to_json(self) -> dict[str, Any]:
        lost = {name: list(labels) for name, labels in self.lost_labels.items()}
        return {"renamed": self.renamed, "lost_labels": lost, "lost_controls": list(self.lost_controls)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> SchemaChange:
        lost = {name: tuple(labels) for name, labels in raw["lost_labels"].items()}
        return cls(dict(raw["renamed"]), lost, tuple(raw["lost_controls"]))


@dataclass(frozen=True)
class Break:
    """Answers that a new schema has no place for. `label` is empty where the whole control is gone."""

    control: str
    label: str
    answers: int


def identify(control: Control, label: Any) -> str:
    """What a label is called in a change: by its path where labels stand inside each other."""
    if isinstance(label, str):
        return label
    return JOINT.join(label) if control.nested else str(label[-1])


def list_labels(control: Control) -> list[str]:
    """Every label of a control that is listed in its tag, as `identify` calls it."""
    if not CONTROLS[control.tag].part:
        return []
    return [JOINT.join(one.path) if control.nested else one.value for one in control.labels]


def compare_interfaces(old: Interface, new: Interface, renames: Renames) -> SchemaChange:
    """What changes, where `renames` says which label became which one. A label may be renamed into one that exists."""
    renamed: dict[str, dict[str, str]] = {}
    lost_labels: dict[str, tuple[str, ...]] = {}
    lost_controls = []
    for control in old.controls:
        now = new.by_name.get(control.name)
        if now is None or now.type != control.type or now.per_region != control.per_region or now.to != control.to:
            lost_controls.append(control.name)
            continue
        known, asked = set(list_labels(now)), renames.get(control.name, {})
        gone = [label for label in list_labels(control) if label not in known]
        moved = {label: asked[label] for label in gone if _leads_to(control, label, asked.get(label), known)}
        lost = tuple(label for label in gone if label not in moved and not _is_below(label, moved, known))
        if moved:
            renamed[control.name] = moved
        if lost:
            lost_labels[control.name] = lost
    return SchemaChange(renamed, lost_labels, tuple(lost_controls))


def _leads_to(control: Control, label: str, new: str | None, known: set[str]) -> bool:
    if not new:
        return False
    above = label.split(JOINT)[:-1] if control.nested else []
    return JOINT.join([*above, new]) in known


def _is_below(label: str, moved: Mapping[str, str], known: set[str]) -> bool:
    """Whether a nested label only follows one above it that was renamed."""
    return JOINT.join(_move_path(tuple(label.split(JOINT)), moved)) in known


def _move_path(path: tuple[str, ...], moved: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(moved.get(JOINT.join(path[: at + 1]), step) for at, step in enumerate(path))


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
    control = new.by_name.get(name)
    if control is None or name in change.lost_controls:
        return None
    key, moved = find_key(control, entry), change.renamed.get(name, {})
    lost = set(change.lost_labels.get(name, ()))
    said = entry["value"].get(key)
    if not (moved or lost) or not isinstance(said, list):
        return dict(entry)
    names = [_move(control, one, moved) for one in said if identify(control, one) not in lost]
    names = [one for place, one in enumerate(names) if one not in names[:place]]
    return {**entry, "value": {**entry["value"], key: names}} if names else None


def _move(control: Control, label: Any, moved: Mapping[str, str]) -> Any:
    if isinstance(label, list):
        return list(_move_path(tuple(label), moved)) if control.nested else label
    return moved.get(label, label)


def _migrate_relation(entry: Mapping[str, Any], change: SchemaChange) -> dict[str, Any]:
    moved = change.renamed.get("relations", {})
    lost = set(change.lost_labels.get("relations", ()))
    if not entry.get("labels") or not (moved or lost):
        return dict(entry)
    return {**entry, "labels": [moved.get(label, label) for label in entry["labels"] if label not in lost]}
