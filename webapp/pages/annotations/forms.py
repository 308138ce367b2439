"""The shapes of the labelling pages' forms; meaning is checked in the services."""

from __future__ import annotations

from collections.abc import Collection

from django import forms

from lifecycle.contracts.label_interface.editing import LabelChange
from lifecycle.contracts.label_interface.labels import JOINT

MAX_ROWS = 1_000


class GuideForm(forms.Form):
    body = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    based_on = forms.IntegerField(widget=forms.HiddenInput)


def read_class_rows(data) -> tuple[list[str], dict[str, str], int | None]:
    """(classes in order, {old name: new name}, version looked at) from the schema page's rows.

    Each row posts `old` and `name`, and may post its place in `order`; `remove` lists old names to drop; `more`
    holds new classes, one a line. A name given to two rows merges the two.
    """
    old_names, names, places = data.getlist("old"), data.getlist("name"), data.getlist("order")
    removed = set(data.getlist("remove"))
    rows = []
    for index, (old, name) in enumerate(zip(old_names, names, strict=False)):
        name = " ".join(name.split())
        if name and not (old and old in removed):
            rows.append((_read_place(places, index), index, old, name))
    rows.sort()
    renames = {old: name for _, _, old, name in rows if old and old != name}
    listed = [name for *_, name in rows] + [" ".join(line.split()) for line in data.get("more", "").splitlines()]
    based_on = data.get("based_on", "")
    classes = list(dict.fromkeys(name for name in listed if name))
    return classes, renames, int(based_on) if based_on.isdecimal() else None


def read_label_changes(data, known: Collection[str]) -> tuple[dict[str, list[LabelChange]], int | None]:
    """({control: its labels as they shall be}, version looked at) from the rows of several controls.

    Each row posts `control`, `old` (the whole path of a label below another), `name`, `order`, `color` and `key`;
    `remove` lists "control old", and means what stands below it too; `more-<control>` holds new labels, one a line.
    """
    columns = [data.getlist(name) for name in ("control", "old", "name", "order", "color", "key")]
    removed = set(data.getlist("remove"))
    rows: dict[str, list[tuple[float, int, LabelChange]]] = {
        name: [] for name in data.getlist("listed") if name in known
    }
    for index, (control, old, name, order, color, key) in enumerate(zip(*columns, strict=False)):
        name = " ".join(name.split())
        if control in rows and name and not _is_removed(control, old, removed):
            place = _read_place([order], 0) if order else float(index)
            rows[control].append((place, index, LabelChange(name, old, color, key.strip().lower()[:1])))
    changes = {}
    for control, found in rows.items():
        kept = [change for *_, change in sorted(found, key=lambda row: row[:2])]
        more = [" ".join(line.split()) for line in data.get(f"more-{control}", "").splitlines()]
        changes[control] = [*kept, *(LabelChange(name) for name in more if name)]
    based_on = data.get("based_on", "")
    return changes, int(based_on) if based_on.isdecimal() else None


def read_posted(data) -> dict[tuple[str, str], dict[str, str]]:
    """{(control, label as it is stored): what its row says}, to be shown again as it was typed."""
    columns = [data.getlist(name) for name in ("control", "old", "name", "order", "color", "key")]
    return {
        (control, old): {"name": name, "place": place, "color": color, "key": key}
        for control, old, name, place, color, key in zip(*columns, strict=False)
    }


def _is_removed(control: str, old: str, removed: Collection[str]) -> bool:
    return any(f"{control} {old}" == one or f"{control} {old}".startswith(one + JOINT) for one in removed)


def read_renames(data) -> dict[str, dict[str, str]]:
    """{control: {label that goes: the one that takes its answers over}} from the draft's form."""
    columns = [data.getlist(name) for name in ("lost_control", "lost_label", "lost_to")]
    renames: dict[str, dict[str, str]] = {}
    for control, label, new in zip(*columns, strict=False):
        if new:
            renames.setdefault(control, {})[label] = new
    return renames


def _read_place(places: list[str], index: int) -> float:
    try:
        return float(places[index])
    except (IndexError, ValueError):
        return index + 1
