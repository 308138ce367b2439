"""Change a configuration's labels without touching the rest of its XML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from defusedxml.ElementTree import tostring

from lifecycle.contracts.label_interface.labels import JOINT, Element, has_keys
from lifecycle.contracts.label_interface.model import Control, Interface
from lifecycle.contracts.label_interface.palette import clean_color, explain_key, read_key
from lifecycle.contracts.label_interface.parsing import parse_interface, read_xml
from lifecycle.contracts.label_interface.tags import CONTROLS


@dataclass(frozen=True)
class LabelChange:
    """One label as it shall be: `old` is what it is stored as now, empty for a new one.

    Where labels stand inside each other, `old` is the whole path, its steps joined by JOINT, and so may be the name of
    a new one; the name of one that is there is its last step.
    """

    name: str
    old: str = ""
    color: str | None = None  # None leaves it as it is, an empty one takes it away; so for the key
    key: str | None = None


def edit_labels(xml: str, problem_type: str, changes: Mapping[str, Sequence[LabelChange]]) -> str:
    """The configuration with these labels, in this order, for each control (in the project's own names).

    Labels that are not named go. Where labels stand inside each other names, colors and keys change, two below one
    label that get the same name become one, and what is not named goes with all that is below it; new ones are added
    where their path says, else at the top. ValueError, with a sentence, where the outcome is no configuration.
    """
    interface = parse_interface(xml, problem_type)
    root = read_xml(xml)
    for name, labels in changes.items():
        control = interface.by_name[name]
        element = _find_element(root, control.tag, interface.given_controls.get(name, name))
        part = CONTROLS[control.tag].part
        if control.nested:
            _edit_tree(element, part, labels)
        else:
            _rewrite(element, part, merge_changes(labels))
        _rename_in_conditions(root, interface.given_controls.get(name, name), list_renames(control, labels))
    written = str(tostring(root, encoding="unicode"))
    parse_interface(written, problem_type)
    return written


def merge_changes(labels: Sequence[LabelChange]) -> list[LabelChange]:
    """Of labels with one name, the one that has it already; in the order of the first."""
    best: dict[str, LabelChange] = {}
    for label in labels:
        if label.name not in best or label.old == label.name:
            best[label.name] = label
    return list(best.values())


def _rename_in_conditions(root: Element, control: str, renames: Mapping[str, str]) -> None:
    """What waits for a label waits for it by its new name."""
    names = {old.split(JOINT)[-1]: new for old, new in renames.items()} | dict(renames)
    waiting = [one for one in root.iter() if names and one.get("whenTagName") == control]
    for element in waiting:
        for key in ("whenChoiceValue", "whenLabelValue"):
            values = [value.strip() for value in (element.get(key) or "").split(",")]
            if any(value in names for value in values):
                element.set(key, ",".join(dict.fromkeys(names.get(value, value) for value in values)))


def list_bad_keys(interface: Interface, changes: Mapping[str, Sequence[LabelChange]]) -> dict[tuple[str, str], str]:
    """{(control, label as it is stored): why it cannot have the key that it shall have}: no key for labels, or another
    label's own."""
    bad: dict[tuple[str, str], str] = {}
    owners: dict[str, str] = {}
    for name, labels in changes.items():
        control = interface.by_name[name]
        asked = {JOINT.join(one.path) if control.nested else one.value: one.asked_key for one in control.labels}
        for label in labels if has_keys(control) else ():
            key = asked.get(label.old, "") if label.key is None else label.key
            why = explain_key(key) if label.key else ""
            owner = owners.setdefault(read_key(key), label.name) if read_key(key) else label.name
            if owner != label.name:
                why = f"“{key.upper()}” is the key of “{owner}” already."
            if why:
                bad[name, label.old] = why
    return bad


def list_renames(control: Control, labels: Sequence[LabelChange]) -> dict[str, str]:
    """{label: its new name}, of those that get another one."""
    last = {JOINT.join(label.path): label.value for label in control.labels} if control.nested else {}
    return {one.old: one.name for one in labels if one.old and last.get(one.old, one.old) != one.name}


def read_changes(
    interface: Interface, name: str, classes: Sequence[str], renames: Mapping[str, str]
) -> list[LabelChange]:
    """A list of classes as changes of one control's labels: what is there keeps its color and its key. A class that
    stands in several branches is all of them."""
    olds = {new: old for old, new in renames.items()}
    control = interface.by_name[name]
    if not control.nested:
        return [LabelChange(one, old=one if one in control.values else olds.get(one, "")) for one in classes]
    changes = []
    for one in classes:
        paths = control.find_paths(one) or control.find_paths(olds.get(one, ""))
        changes += [LabelChange(one, old=JOINT.join(path)) for path in paths] or [LabelChange(one)]
    return changes


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


def _edit_tree(element: Element, part: str, labels: Sequence[LabelChange]) -> None:
    wanted = {label.old: label for label in labels if label.old}
    renamed = []
    for path, child, parent in list(_walk_tree(element, part, ())):
        old = JOINT.join(path)
        if not any(one == old or one.startswith(old + JOINT) for one in wanted):
            parent.remove(child)
        elif old in wanted:
            _apply(child, wanted[old])
            renamed += [child] if wanted[old].name != path[-1] else []
    _unite(element, part, renamed)
    for label in labels:
        if not label.old:
            _add(element, part, label)


def _walk_tree(element: Element, part: str, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(path, label, what it stands in), those above before those below."""
    for child, parent in _list_below(element, part):
        path = (*above, _stored(child))
        yield path, child, parent
        yield from _walk_tree(child, part, path)


def _list_below(element: Element, part: str) -> list[tuple[Any, Any]]:
    """(label, what it stands in) of the labels right below, in views or not."""
    found = []
    for child in element:
        found += [(child, element)] if child.tag == part else _list_below(child, part)
    return found


def _unite(element: Element, part: str, renamed: Sequence[Any]) -> None:
    """Labels below one label that have one name now: the one that had it takes what stands below the others."""
    kept: dict[str, Any] = {}
    below = _list_below(element, part)
    for child, _ in sorted(below, key=lambda pair: pair[0] in renamed):
        kept.setdefault(_stored(child), child)
    for child, parent in below:
        best = kept[_stored(child)]
        if best is not child:
            best.extend(list(child))
            parent.remove(child)
    for child in kept.values():
        _unite(child, part, renamed)


def _add(element: Element, part: str, label: LabelChange) -> None:
    """A new label where its path says; labels above it that are not there are new too."""
    for step in label.name.split(JOINT):
        there = next((child for child, _ in _list_below(element, part) if _stored(child) == step), None)
        if there is None:
            there = element.makeelement(part, {})
            _apply(there, replace(label, name=step))
            element.append(there)
        element = there


def _apply(element: Element, label: LabelChange) -> None:
    element.set("alias" if element.get("alias") else "value", label.name)
    for attribute, given in (("background", label.color and clean_color(label.color)), ("hotkey", label.key)):
        if given:
            element.set(attribute, given)
        elif given is not None:
            element.attrib.pop(attribute, None)
    if label.color is not None:
        element.attrib.pop("selectedColor", None)
