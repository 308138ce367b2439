"""Check a result list against an Interface, entry by entry; every refusal is a sentence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.contracts.label_interface.answers import check_value
from lifecycle.contracts.label_interface.model import Condition, Control, Interface
from lifecycle.contracts.label_interface.tags import CONTROLS, find_tag

MAX_ENTRIES = 20_000
MAX_RESULT_CHARS = 8_000_000
MAX_ID_CHARS = 100
DIRECTIONS = {"left", "right", "bi"}


def check_result(interface: Interface, result: Any) -> list[dict[str, Any]]:
    """The same list, every entry checked. ValueError says which entry is wrong, and why."""
    if not isinstance(result, list):
        raise ValueError("The result must be a list of regions.")
    if len(result) > MAX_ENTRIES:
        raise ValueError(f"A result has at most {MAX_ENTRIES:,} entries; this one has {len(result):,}.")
    for entry in result:
        if not isinstance(entry, Mapping):
            raise ValueError("Every entry of a result must be an object.")
    regions = _list_regions(interface, result)
    seen: set[tuple[str, str]] = set()
    for entry in result:
        if entry.get("type") == "relation" and "from_name" not in entry:
            _check_relation(interface, entry, regions)
        else:
            _check_entry(interface, entry, regions, seen)
    _check_storable(result)
    return result


def _list_regions(interface: Interface, result: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Drawn regions by their ids."""
    drawing = {control.name for control in interface.find_region_controls()}
    found: dict[str, Mapping[str, Any]] = {}
    for entry in result:
        name, identifier = entry.get("from_name"), entry.get("id")
        if isinstance(name, str) and name in drawing and isinstance(identifier, str):
            found.setdefault(identifier, entry)
    return found


def _check_entry(
    interface: Interface, entry: Mapping[str, Any], regions: Mapping[str, Any], seen: set[tuple[str, str]]
) -> None:
    control = _find_control(interface, entry)
    if entry.get("to_name") not in control.to and entry.get("to_name") != ",".join(control.to):
        raise ValueError(f"“{control.name}” is about “{control.to[0]}”, not “{str(entry.get('to_name'))[:60]}”.")
    if entry.get("type") != CONTROLS[find_tag(control.tag, entry.get("type"))].type:
        raise ValueError(f"An answer of “{control.name}” has the type {control.type}.")
    _check_id(control, entry, regions)
    place = (control.name, entry.get("id", "") if _is_of_region(control) else "")
    if place in seen and (place[1] or not CONTROLS[control.tag].draws):
        raise ValueError(f"“{control.name}” is answered twice.")
    seen.add(place)
    value = entry.get("value")
    if not isinstance(value, Mapping):
        raise ValueError("The region has no value.")
    about = entry["to_name"] if entry["to_name"] in interface.objects_by_name else control.to[0]
    check_value(control, interface.objects_by_name[about].tag, entry, value)


def _is_of_region(control: Control) -> bool:
    return control.per_region or CONTROLS[control.tag].draws


def _find_control(interface: Interface, entry: Mapping[str, Any]) -> Control:
    name = entry.get("from_name")
    control = interface.by_name.get(name) if isinstance(name, str) else None
    if control is None or control.tag == "Relations":
        raise ValueError(f"“{str(name)[:60]}” is not the name of a control in the labelling configuration.")
    return control


def _check_id(control: Control, entry: Mapping[str, Any], regions: Mapping[str, Any]) -> None:
    identifier = entry.get("id")
    if identifier is not None and (not isinstance(identifier, str) or not 1 <= len(identifier) <= MAX_ID_CHARS):
        raise ValueError(f"The id of a region is a text of at most {MAX_ID_CHARS} characters.")
    if control.per_region and identifier not in regions:
        raise ValueError(f"“{control.name}” is asked per region, but its answer names no region that exists.")


def _check_relation(interface: Interface, entry: Mapping[str, Any], regions: Mapping[str, Any]) -> None:
    ends = entry.get("from_id"), entry.get("to_id")
    if any(not isinstance(end, str) or end not in regions for end in ends):
        raise ValueError("A relation leads from or to a region that does not exist.")
    if ends[0] == ends[1]:
        raise ValueError("A relation leads from a region to itself.")
    direction = entry.get("direction", "right")
    if not isinstance(direction, str) or direction not in DIRECTIONS:
        raise ValueError("The direction of a relation is left, right or bi.")
    labels = entry.get("labels") or []
    known = {label.value for one in interface.controls if one.tag == "Relations" for label in one.labels}
    if not isinstance(labels, list) or any(not isinstance(label, str) for label in labels):
        raise ValueError("The labels of a relation must be a list.")
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(f"“{unknown[0][:60]}” is not a relation of this configuration.")


def _check_storable(result: Sequence[Mapping[str, Any]]) -> None:
    try:
        text = json.dumps(result, allow_nan=False, ensure_ascii=False)
        text.encode()  # refuses halves of characters
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The result cannot be stored: {error}.") from None
    if len(text) > MAX_RESULT_CHARS or "\\u0000" in text:
        raise ValueError("The result is too large, or holds a NUL character.")


def check_complete(interface: Interface, result: Sequence[Mapping[str, Any]]) -> None:
    """ValueError names the first required control without an answer. Controls with a condition count where it holds."""
    drawing = {control.name for control in interface.find_region_controls()}
    regions = [entry for entry in result if entry.get("from_name") in drawing]
    for control in interface.controls:
        if not control.required:
            continue
        mine = [entry for entry in result if entry.get("from_name") == control.name]
        if control.per_region:
            said = {entry.get("id") for entry in mine}
            about = [one.get("id") for one in regions if one["to_name"] in control.to]
            asked = [one for one in about if is_asked(interface, control, _pick(result, one), result)]
            if any(one not in said for one in asked):
                raise ValueError(f"“{control.name}” must be answered for every region.")
        elif not mine and is_asked(interface, control, result):
            raise ValueError(f"“{control.name}” must be answered.")


def check_asked(interface: Interface, result: Sequence[Mapping[str, Any]]) -> None:
    """ValueError names the first control that is answered although its conditions do not all hold. What was selected on
    screen nobody can say afterwards, and regions that were drawn stay."""
    for entry in result:
        control = interface.by_name.get(entry.get("from_name", ""))
        if control is None or CONTROLS[control.tag].draws or not all(_is_known(control, one) for one in control.when):
            continue
        scope = _pick(result, entry.get("id")) if control.per_region else result
        if not is_asked(interface, control, scope, result):
            raise ValueError(f"“{control.name}” is answered, but it is not asked here: its condition does not hold.")


def check_limits(interface: Interface, result: Sequence[Mapping[str, Any]]) -> None:
    """ValueError names the first label that more regions have than may, or the taxonomy with too many places."""
    for control in interface.controls:
        limit = read_limit(control)
        limits = {label.value: label.most or limit for label in control.labels}
        mine = [entry for entry in result if entry.get("from_name") == control.name]
        if CONTROLS[control.tag].draws and any(limits.values()):
            uses = Counter(str(name) for entry in mine for name in _list_names(interface, entry))
            for name, count in uses.items():
                if 0 < limits.get(name, 0) < count:
                    raise ValueError(f"“{name}” is used {count} times; at most {limits[name]} are allowed.")
        elif control.tag == "Taxonomy" and limit and any(len(_list_names(interface, one)) > limit for one in mine):
            raise ValueError(f"“{control.name}” takes at most {limit} places.")


def read_limit(control: Control) -> int:
    """How often a label may be used; 0 for as often as one likes."""
    most = control.attrs.get("maxUsages") or control.attrs.get("maxusages") or ""
    return int(most) if most.isdecimal() else 0


def _pick(result: Sequence[Mapping[str, Any]], identifier: Any) -> list[Mapping[str, Any]]:
    """What is said of one region."""
    return [entry for entry in result if entry.get("id") == identifier]


def _is_known(control: Control, when: Condition) -> bool:
    """Whether a condition can be told from an answer: what was selected on screen cannot."""
    return when.mode != "no-region-selected" and (when.mode != "region-selected" or control.per_region)


def is_asked(
    interface: Interface,
    control: Control,
    result: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Whether a control's conditions all hold in a result. For a control that is asked per region, the entries of one
    region are given; of what these do not speak of, the `whole` result does."""
    return all(_holds(interface, control, one, result, whole) for one in control.when)


def _holds(
    interface: Interface,
    control: Control,
    when: Condition,
    result: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
) -> bool:
    if not _is_known(control, when):
        return False
    if not when.control and when.mode != "region-selected":
        return True
    entries = [one for one in result if not when.control or one.get("from_name") == when.control]
    entries = entries or [one for one in whole if when.control and one.get("from_name") == when.control]
    said = {str(name) for one in entries for name in _list_names(interface, one)}
    holds = bool(said & set(when.values)) if when.values else bool(entries)
    return not holds if when.mode == "choice-unselected" else holds


def _list_names(interface: Interface, entry: Mapping[str, Any]) -> list[Any]:
    control = interface.by_name.get(entry.get("from_name", ""))
    found = entry["value"].get(CONTROLS[find_tag(control.tag, entry.get("type"))].key) if control else None
    if not isinstance(found, list):
        return [] if found is None else [found]
    return [name[-1] if isinstance(name, list) and name else name for name in found]
