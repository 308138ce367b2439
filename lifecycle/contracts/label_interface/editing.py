"""Change a configuration's labels without touching the rest of its XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from defusedxml.ElementTree import tostring

from lifecycle.contracts.label_interface.labels import Element
from lifecycle.contracts.label_interface.model import Interface
from lifecycle.contracts.label_interface.palette import clean_color
from lifecycle.contracts.label_interface.parsing import parse_interface, read_xml
from lifecycle.contracts.label_interface.tags import CONTROLS


@dataclass(frozen=True)
class LabelChange:
    """One label as it shall be: `old` is what it is stored as now, empty for a new one."""

    name: str
    old: str = ""
    color: str = ""
    key: str = ""


def edit_labels(xml: str, problem_type: str, changes: Mapping[str, Sequence[LabelChange]]) -> str:
    """The configuration with these labels, in this order, for each control (in the project's own names).

    Labels that are not named go. Where labels stand inside each other only names, colors and keys change, and new
    ones are added at the top. ValueError, with a sentence, where the outcome is no configuration.
    """
    interface = parse_interface(xml, problem_type)
    root = read_xml(xml)
    for name, labels in changes.items():
        control = interface.by_name[name]
        element = _find_element(root, control.tag, interface.given_controls.get(name, name))
        part = CONTROLS[control.tag].part
        if control.nested:
            _edit_in_place(element, part, labels)
        else:
            _rewrite(element, part, labels)
    written = str(tostring(root, encoding="unicode"))
    parse_interface(written, problem_type)
    return written


def read_changes(
    interface: Interface, name: str, classes: Sequence[str], renames: Mapping[str, str]
) -> list[LabelChange]:
    """A list of classes as changes of one control's labels: what is there keeps its color and its key."""
    olds = {new: old for old, new in renames.items()}
    known = interface.by_name[name].values
    return [LabelChange(one, old=one if one in known else olds.get(one, "")) for one in classes]


def _find_element(root: Element, tag: str, given: str) -> Element:
    """The tag of a control. There is one <Relations> at most, and it has no name."""
    return next(one for one in root.iter() if one.tag == tag and (tag == "Relations" or one.get("name") == given))


def _stored(element: Element) -> str:
    return " ".join((element.get("alias") or element.get("value") or "").split())


def _rewrite(element: Element, part: str, labels: Sequence[LabelChange]) -> None:
    parts = [(parent, child) for parent in element.iter() for child in parent if child.tag == part]
    old = {_stored(child): child for _, child in parts}
    tail = parts[0][1].tail if parts else "\n    "
    for parent, child in parts:
        parent.remove(child)
    for label in labels:
        made = old.get(label.old)
        made = element.makeelement(part, {}) if made is None else made
        _apply(made, label)
        made.tail = tail
        element.append(made)


def _edit_in_place(element: Element, part: str, labels: Sequence[LabelChange]) -> None:
    wanted = {label.old: label for label in labels if label.old}
    for parent in list(element.iter()):
        for child in list(parent):
            if child.tag == part and _stored(child) in wanted:
                _apply(child, wanted[_stored(child)])
            elif child.tag == part and not len(child):
                parent.remove(child)
    for label in labels:
        if not label.old:
            made: Any = element.makeelement(part, {})
            _apply(made, label)
            element.append(made)


def _apply(element: Element, label: LabelChange) -> None:
    element.set("alias" if element.get("alias") else "value", label.name)
    if clean_color(label.color):
        element.set("background", clean_color(label.color))
    if label.key:
        element.set("hotkey", label.key)
