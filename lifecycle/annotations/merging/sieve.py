"""What of an answer the schema of now still allows: answers may be older than the schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecycle.annotations.merging.model import Entry, is_relation
from lifecycle.contracts.label_interface import CONTROLS, Interface


def keep_valid(interface: Interface, result: Any) -> tuple[list[Entry], bool]:
    """(the entries that the checker takes, whether that is all of them)."""
    try:
        return list(interface.check_result(result)), True
    except ValueError:
        entries = [entry for entry in result if isinstance(entry, dict)] if isinstance(result, list) else []
    drawing = {control.name for control in interface.find_region_controls()}
    kept: list[Entry] = []
    # regions first, then what is said of them, then what leads from one to another
    for entry in sorted(entries, key=lambda one: (is_relation(one), one.get("from_name") not in drawing)):
        if not any(_is_twice(interface, one, entry) for one in kept) and _is_taken(interface, kept, entry):
            kept.append(entry)
    wanted = {id(entry) for entry in kept}
    return [entry for entry in entries if id(entry) in wanted], False


def _is_twice(interface: Interface, one: Entry, other: Entry) -> bool:
    """Whether both answer the same question about the same thing."""
    control = interface.by_name.get(str(other.get("from_name")))
    if control is None or one.get("from_name") != control.name:
        return False
    if control.per_region or CONTROLS[control.tag].draws:
        return other.get("id") is not None and one.get("id") == other.get("id")
    return True


def _is_taken(interface: Interface, kept: Sequence[Entry], entry: Entry) -> bool:
    """Whether an entry is valid beside the regions it speaks of."""
    ends = [entry[name] for name in ("id", "from_id", "to_id") if isinstance(entry.get(name), str)]
    about = [one for one in kept if one.get("id") in ends and one.get("from_name") != entry.get("from_name")]
    try:
        interface.check_result([*about, entry])
    except ValueError:
        return False
    return True
