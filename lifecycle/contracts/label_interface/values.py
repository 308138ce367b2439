"""What a checked result says: in one text for lists and training, and in a form that can be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.contracts.label_interface.model import NOTHING, Control, Interface
from lifecycle.contracts.label_interface.tags import CONTROLS, find_tag

MAX_VALUE_CHARS = 200  # it stands in an index
JOINT, CUT = ", ", "…"  # between names, and at the end of what is too long
DECIMALS = 2  # percents, seconds: closer ones are the same place
GEOMETRY = (
    "x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "rle", "start", "end", "startOffset",
    "endOffset", "globalOffsets", "channel",
)  # fmt: skip


def read_value(interface: Interface, result: Sequence[Mapping[str, Any]]) -> str | None:
    """A class, a number, the classes of all regions in the order of the alphabet …; NOTHING where somebody marked
    nothing, None where a question that has an answer was not answered."""
    main = interface.main_control
    if main is None:
        return None
    mine = [entry for entry in result if entry.get("from_name") == main.name]
    rule = CONTROLS[main.tag]
    if rule.draws:
        return join_names(name for entry in mine for name in entry["value"].get(find_key(main, entry)) or ())
    if not mine:
        return NOTHING if main.tag in {"Choices", "Taxonomy"} and main.multiple else None
    return read_plain(main, mine[0]["value"].get(rule.key))


def find_key(control: Control, entry: Mapping[str, Any]) -> str:
    """Where in its value an entry of this control keeps what it says."""
    return CONTROLS[find_tag(control.tag, entry.get("type"))].key


def read_plain(main: Control, said: Any) -> str:
    """What an entry of a control that does not draw says, as one text."""
    if main.tag == "Number":
        return format_number(said)
    if main.tag == "TextArea":
        return _shorten("\n".join([said] if isinstance(said, str) else said)) or NOTHING
    if main.tag in {"Choices", "Taxonomy"}:
        names = [name if isinstance(name, str) else " / ".join(name) for name in said]
        return names[0] if len(names) == 1 and len(names[0]) <= MAX_VALUE_CHARS else join_names(names)
    return str(said)


def join_names(names: Any) -> str:
    """Each name once, in the order of the alphabet; NOTHING for none."""
    return _shorten(JOINT.join(sorted(set(names)))) or NOTHING


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + CUT


def format_number(number: float) -> str:
    """The shortest text that reads back as the same number; whole numbers without a point."""
    if float(number).is_integer() and abs(number) < 2**53:
        return str(int(number))
    return repr(float(number))


def compare_key(interface: Interface, result: Sequence[Mapping[str, Any]]) -> str:
    """Regions are told by where they are and what is said of them, relations by the regions at their ends."""
    by_region: dict[str, list[Any]] = {}
    plain: list[str] = []
    of_regions = {one.name for one in interface.controls if one.per_region or CONTROLS[one.tag].draws}
    for place, entry in enumerate(result):
        control = interface.by_name.get(entry.get("from_name", ""))
        if control is None:
            continue
        said = _dump([control.name, entry.get("to_name"), _simplify(control, entry)])
        if control.name in of_regions:
            by_region.setdefault(entry.get("id") or f"#{place}", []).append(said)
        else:
            plain.append(said)
    keys = {identifier: _dump(sorted(said)) for identifier, said in by_region.items()}
    relations = [_read_relation(entry, keys) for entry in result if entry.get("type") == "relation"]
    return _dump([sorted(plain), sorted(keys.values()), sorted(relations)])


def _read_relation(entry: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    ends = [keys.get(entry.get("from_id", ""), ""), keys.get(entry.get("to_id", ""), "")]
    direction = entry.get("direction", "right")
    if direction == "left":
        ends.reverse()
    if direction == "bi":
        ends.sort()
    return _dump([ends, direction == "bi", sorted(entry.get("labels") or [])])


def _simplify(control: Control, entry: Mapping[str, Any]) -> list[Any]:
    value = entry["value"]
    said = value.get(find_key(control, entry))
    if isinstance(said, list) and control.tag != "TextArea":
        said = sorted(said, key=str)
    where = [[name, _round(value[name])] for name in GEOMETRY if name in value and CONTROLS[control.tag].draws]
    return [said, [pair for pair in where if pair != ["rotation", 0]]]


def _round(value: Any) -> Any:
    if isinstance(value, float):
        rounded = round(value, DECIMALS)
        return int(rounded) if rounded.is_integer() else rounded
    if isinstance(value, list):
        return [_round(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _round(one) for name, one in value.items()}
    return value


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
