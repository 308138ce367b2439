"""What a labelling configuration asks, as plain values: objects that are shown, controls that answer, their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from functools import cached_property
from typing import Any

MAIN_CONTROL = "label"  # how stored results name the control that answers the project's question
MAIN_OBJECT = "item"  # and the object it asks about
NOTHING = "(nothing)"  # the value of an answer in which somebody found nothing to mark


@dataclass(frozen=True)
class Condition:
    """When a control is asked, or an object shown: `mode` is one of Label Studio's visibleWhen."""

    control: str
    values: tuple[str, ...]
    mode: str = "choice-selected"

    def to_json(self) -> dict[str, Any]:
        return {"control": self.control, "values": list(self.values), "mode": self.mode}


@dataclass(frozen=True)
class ObjectTag:
    """Something that is shown. `field` is the key of a task's data; empty for what the configuration says itself. It
    is shown while all of `when` holds."""

    name: str
    tag: str
    field: str = ""
    attrs: Mapping[str, Any] = default(default_factory=dict)
    when: tuple[Condition, ...] = ()

    def to_json(self) -> dict[str, Any]:
        body = {"name": self.name, "tag": self.tag, "field": self.field, "attrs": dict(self.attrs)}
        return body | {"when": [one.to_json() for one in self.when]}


@dataclass(frozen=True)
class Label:
    """One thing a control can say: `value` is stored, `text` is read. `parent` is the value above it, by path. `key` is
    the one it has, `asked_key` the one the configuration gives it."""

    value: str
    text: str = ""
    color: str = ""
    key: str = ""
    parent: str = ""
    path: tuple[str, ...] = ()
    asked_key: str = ""
    is_selected: bool = False  # chosen, or drawn with, from the start
    most: int = 0  # regions of one answer that may have it; 0 for as many as there are
    heading: str = ""  # what stands before it, and before those that follow

    def to_json(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in ("value", "text", "color", "key", "parent")}
        more: dict[str, Any] = {"selected": True} if self.is_selected else {}
        more |= {"most": self.most} if self.most else {}
        more |= {"heading": self.heading} if self.heading else {}
        return body | {"path": list(self.path)} | more


@dataclass(frozen=True)
class Control:
    """One question. `type` is the type of its entries in a result; `to` names the objects it asks about."""

    name: str
    tag: str
    type: str
    to: tuple[str, ...]
    per_region: bool = False
    multiple: bool = False
    required: bool = False
    nested: bool = False
    attrs: Mapping[str, Any] = default(default_factory=dict)
    when: tuple[Condition, ...] = ()  # all of them: a view inside a view may have one each
    labels: tuple[Label, ...] = ()

    @cached_property
    def values(self) -> frozenset[str]:
        """What its labels are stored as."""
        return frozenset(label.value for label in self.labels)

    @cached_property
    def paths(self) -> frozenset[tuple[str, ...]]:
        """Labels with those above them, of taxonomies and nested choices."""
        return frozenset(label.path for label in self.labels)

    @cached_property
    def _by_value(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        found: dict[str, tuple[tuple[str, ...], ...]] = {}
        for label in self.labels:
            found[label.value] = (*found.get(label.value, ()), label.path)
        return found

    @property
    def prefill(self) -> str:
        """The field of a task's data that a text begins with; empty for none."""
        value = str(self.attrs.get("value") or "")
        return value[1:] if self.tag == "TextArea" and not self.per_region and value.startswith("$") else ""

    def find_paths(self, value: str) -> tuple[tuple[str, ...], ...]:
        """The paths of the labels that are stored as `value`: several, where it stands in several branches."""
        return self._by_value.get(value, ())

    def to_json(self) -> dict[str, Any]:
        """`to` is the object it is about, `targets` are all of them (a pair has two)."""
        return {
            "name": self.name,
            "tag": self.tag,
            "type": self.type,
            "to": self.to[0] if self.to else "",
            "targets": list(self.to),
            "per_region": self.per_region,
            "multiple": self.multiple,
            "required": self.required,
            "nested": self.nested,
            "attrs": dict(self.attrs),
            "when": [one.to_json() for one in self.when],
            "labels": [label.to_json() for label in self.labels],
        }


@dataclass(frozen=True)
class Interface:
    """One reading of a configuration, in the project's own names.

    `given` maps an own name to the configuration's where the two differ, for controls and for objects.
    """

    objects: tuple[ObjectTag, ...]
    controls: tuple[Control, ...]
    layout: tuple[Mapping[str, Any], ...] = ()
    main: str = ""
    given_controls: Mapping[str, str] = default(default_factory=dict)
    given_objects: Mapping[str, str] = default(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, Control]:
        return {control.name: control for control in self.controls}

    @cached_property
    def objects_by_name(self) -> dict[str, ObjectTag]:
        return {one.name: one for one in self.objects}

    @cached_property
    def main_control(self) -> Control | None:
        """The control that answers the project's problem type; None while none does."""
        return self.by_name.get(self.main)

    @cached_property
    def main_object(self) -> ObjectTag | None:
        """What the main control is about; the first object while there is no main control."""
        main = self.main_control
        if main and main.to:
            return self.objects_by_name[main.to[0]]
        return self.objects[0] if self.objects else None

    @property
    def classes(self) -> list[str]:
        """The labels of the main control, in order; empty where it asks for a number or a text."""
        main = self.main_control
        return [label.value for label in main.labels] if main and main.tag not in {"Rating", "Pairwise"} else []

    def find_region_controls(self) -> tuple[Control, ...]:
        """Controls whose entries are regions: shapes, spans, stretches of time."""
        from lifecycle.contracts.label_interface.tags import CONTROLS

        return tuple(control for control in self.controls if CONTROLS[control.tag].draws)

    def call(self, control: str) -> str:
        """What the configuration calls a control, for people."""
        return self.given_controls.get(control, control)

    def to_json(self) -> dict[str, Any]:
        """`setup.interface` of the labelling page (docs/decisions/011)."""
        return {
            "objects": [one.to_json() for one in self.objects],
            "controls": [one.to_json() | {"called": self.call(one.name)} for one in self.controls],
            "layout": [dict(node) for node in self.layout],
            "main": self.main,
        }

    def check_result(self, result: Any) -> list[dict[str, Any]]:
        """The result list, every entry checked; ValueError with a sentence. Unknown keys of an entry are kept."""
        from lifecycle.contracts.label_interface.checking import check_result

        return check_result(self, result)

    def check_complete(self, result: Sequence[Mapping[str, Any]]) -> None:
        """ValueError names the first required control that a checked result leaves unanswered."""
        from lifecycle.contracts.label_interface.checking import check_complete

        check_complete(self, result)

    def check_asked(self, result: Sequence[Mapping[str, Any]]) -> None:
        """ValueError names the first control that a checked result answers although its condition does not hold."""
        from lifecycle.contracts.label_interface.checking import check_asked

        check_asked(self, result)

    def check_limits(self, result: Sequence[Mapping[str, Any]]) -> None:
        """ValueError names the first label that a checked result uses more often than it may."""
        from lifecycle.contracts.label_interface.checking import check_limits

        check_limits(self, result)

    def read_value(self, result: Sequence[Mapping[str, Any]]) -> str | None:
        """What the main control says in a checked result, as one text; None where it says nothing it could."""
        from lifecycle.contracts.label_interface.values import read_value

        return read_value(self, result)

    def compare_key(self, result: Sequence[Mapping[str, Any]]) -> str:
        """A text that is the same for results that say the same, whatever the ids and the order of their entries."""
        from lifecycle.contracts.label_interface.values import compare_key

        return compare_key(self, result)

    def swap_names(self, result: Sequence[Any]) -> list[Any]:
        """From own names to the configuration's, and back: it is its own inverse."""
        if not self.given_controls and not self.given_objects:
            return list(result)
        return [_swap(entry, self.given_controls, self.given_objects) for entry in result]


def _swap(entry: Any, controls: Mapping[str, str], objects: Mapping[str, str]) -> Any:
    if not isinstance(entry, Mapping) or "from_name" not in entry:
        return entry
    changed = dict(entry)
    for key, names in (("from_name", controls), ("to_name", objects)):
        if isinstance(entry.get(key), str):
            changed[key] = names.get(entry[key], entry[key])
    return changed
