"""The shapes of the labelling pages' forms; meaning is checked in the services."""

from __future__ import annotations

from django import forms

MAX_ROWS = 1_000


class QueueForm(forms.Form):
    overlap = forms.IntegerField(label="People per item")
    lease_seconds = forms.IntegerField(label="Lease in seconds")


class GuideForm(forms.Form):
    body = forms.CharField(required=False, strip=False, widget=forms.Textarea)
    based_on = forms.IntegerField(widget=forms.HiddenInput)


class ConfigForm(forms.Form):
    config = forms.CharField(strip=False, widget=forms.Textarea)
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


def _read_place(places: list[str], index: int) -> float:
    try:
        return float(places[index])
    except (IndexError, ValueError):
        return index + 1
