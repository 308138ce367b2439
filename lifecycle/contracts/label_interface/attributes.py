"""Attributes of supported tags: which of them do something here, and what their values can be."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lifecycle.contracts.label_interface.labels import JOINT, Element, has_keys, read_max_rating
from lifecycle.contracts.label_interface.model import Control, Interface, ObjectTag
from lifecycle.contracts.label_interface.palette import explain_key
from lifecycle.contracts.label_interface.tags import CONTROLS, OBJECTS, UNUSED

_CONDITION = {"visibleWhen", "whenTagName", "whenChoiceValue", "whenLabelValue"}
_CONTROL = {"name", "toName", "required", "requiredMessage", "perRegion", "title"} | _CONDITION
_LABEL = {"value", "alias", "background", "selectedColor", "hotkey"}
_OWN = {
    "Text": {"granularity"},
    "HyperText": {"granularity"},
    "Paragraphs": {"granularity", "nameKey", "textKey"},
    "TimeSeries": {"timeColumn", "sep"},
    "RectangleLabels": {"smart", "smartOnly"},
    "KeyPointLabels": {"smart", "smartOnly"},
    "Choices": {"choice", "allowNested"},
    "Rating": {"maxRating", "defaultValue"},
    "Number": {"min", "max", "step", "defaultValue"},
    "TextArea": {"placeholder", "rows", "maxSubmissions", "value"},
    "Shortcut": {"value", "alias", "hotkey"},
    "Filter": {"name", "toName", "placeholder"},
    "Taxonomy": {"placeholder", "leafsOnly", "maxUsages"},
    "Choice": _LABEL | {"selected"},
    "Label": _LABEL | {"selected", "maxUsages"},
    "Relation": _LABEL - {"hotkey"},
    "Channel": {"column", "units", "legend", "displayName", "strokeColor"},
    "Header": {"value", "title"} | _CONDITION,
    "Relations": set(),
}
_FETCHED = {"Image", "Audio", "AudioPlus", "TimeSeries"}
_LAYOUT = {"value", "title"} | _CONDITION
_DRAWING = {"choice", "maxUsages"}
_WHOLE = ("maxUsages", "maxSubmissions", "rows")  # whole numbers from 1
_NUMBERS = ("min", "max", "step", "defaultValue")
_AT_FIRST = {"selected", "defaultvalue", "value"}  # a region's answers begin with nothing
_FLAGS = ("required", "perRegion", "allowNested", "leafsOnly", "selected", "smart", "smartOnly")


def check_values(root: Element) -> None:
    """ValueError, with a sentence, for numbers that are none: they would be no limit at all."""
    for element in root.iter():
        for name in _WHOLE:
            given = (element.get(name) or "").strip()
            if given and name in _list_used(element) and not (given.isdecimal() and int(given)):
                raise ValueError(f"{name}=“{given[:40]}” of a <{element.tag}> is a whole number from 1.")
        if element.tag == "Number":
            _check_limits(element)
        if element.tag == "Rating" and (given := (element.get("defaultValue") or "").strip()):
            _check_stars(given, element)


def _check_limits(element: Element) -> None:
    numbers = {name: _read_number(element, name) for name in _NUMBERS if (element.get(name) or "").strip()}
    low, high = numbers.get("min", -math.inf), numbers.get("max", math.inf)
    if low > high:
        raise ValueError(f"The <Number> “{element.get('name')}” has a min above its max: no number is possible.")
    if not low <= numbers.get("defaultValue", low) <= high:
        raise ValueError(f"The defaultValue of the <Number> “{element.get('name')}” is not between its min and max.")
    if numbers.get("step", 1) <= 0:
        raise ValueError(f"The step of the <Number> “{element.get('name')}” is a number above 0.")


def _check_stars(given: str, element: Element) -> None:
    if not given.isdecimal() or int(given) > read_max_rating(element):
        raise ValueError(
            f"The defaultValue of the <Rating> “{element.get('name')}” is one of its stars, or 0 for none."
        )


def _read_number(element: Element, name: str) -> float:
    given = (element.get(name) or "").strip()
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name}=“{given[:40]}” of the <Number> “{element.get('name')}” is a number, such as 0.5.")
    return number


def list_unused_attributes(root: Element) -> Iterator[str]:
    """A sentence for each tag with attributes that are kept in the configuration and do nothing here."""
    of_regions = {one for around in root.iter() if around.get("perRegion") == "true" for one in around.iter()}
    named = {one for one in of_regions if one.tag in {"Choice", "Shortcut", "Header"}}  # whose value is what they are
    found: dict[str, dict[str, None]] = {}
    for element in root.iter():
        used = {name.lower() for name in _list_used(element)}
        if element in of_regions:
            used -= _AT_FIRST - {"value"} if element in named else _AT_FIRST
        unused = [name for name in element.attrib if name.lower() not in used or _says_nothing(element, name)]
        if unused and element.tag not in UNUSED:
            found.setdefault(element.tag, {}).update(dict.fromkeys(unused))
    for tag, names in found.items():
        yield f"Kept, but not used: {', '.join(names)} of <{tag}>."


def _says_nothing(element: Element, name: str) -> bool:
    """Whether an attribute that is used has a value that is not."""
    value = element.get(name).strip().lower()
    if name == "granularity":
        return value not in {"word", "symbol"}
    if name == "valueType":
        return value == "url" and element.tag not in _FETCHED  # tasks bring along what the others show
    return name in _FLAGS and value not in {"true", "false", ""}


def _list_used(element: Element) -> set[str]:
    tag = {"AudioPlus": "Audio"}.get(str(element.tag), str(element.tag))
    own = _OWN.get(tag, set())
    if tag in OBJECTS:
        return {"name", "value", "valueType"} | _CONDITION | own
    if tag == "Relations" or tag not in CONTROLS:
        return own if tag in _OWN else _LAYOUT
    return _CONTROL | own | (_DRAWING if CONTROLS[tag].draws else set())


def list_unmet(interface: Interface) -> Iterator[str]:
    """A sentence for each key that a label asks for and does not get, and each condition that never holds."""
    for control in interface.controls:
        for label in control.labels if has_keys(control) else ():
            if label.asked_key and label.asked_key.lower() != label.key:
                why = explain_key(label.asked_key) or "Another label has it already."
                yield f"“{label.value}” cannot have the key “{label.asked_key[:20]}”. {why}"
    parts: list[ObjectTag | Control] = [*interface.objects, *interface.controls]
    for part in parts:
        for one in part.when:
            waited = interface.by_name.get(one.control)
            missing = sorted(set(one.values) - _list_steps(waited)) if waited and waited.labels else []
            if missing:
                yield f"“{part.name}” waits for “{missing[0]}”, which “{one.control}” does not have."


def _list_steps(control: Control) -> set[str]:
    return {label.value for label in control.labels} | {JOINT.join(label.path) for label in control.labels}
