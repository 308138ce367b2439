"""The labels of a control: read from its parts, with a color and a key each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lifecycle.contracts.label_interface.model import Control, Label
from lifecycle.contracts.label_interface.palette import assign_keys, clean_color, pick_color, read_key
from lifecycle.contracts.label_interface.tags import CONTROLS

Element = Any  # of defusedxml, which has no types

MAX_LABELS = 1_000
MAX_TAXONOMY = 20_000
MAX_LABEL_CHARS = 200
MAX_RATING = 100
SIDES = ("left", "right")
JOINT = " / "  # between the steps of a path, where one text stands for it


def read_labels(element: Element, tag: str) -> tuple[Label, ...]:
    """The labels a control offers. A rating's are its numbers, a pair's are its sides."""
    if tag == "Rating":
        return tuple(Label(str(n), str(n), path=(str(n),)) for n in range(1, read_max_rating(element) + 1))
    if tag == "Pairwise":
        return tuple(Label(side, side, path=(side,)) for side in SIDES)
    part = CONTROLS[tag].part
    if not part:
        return ()
    labels = tuple(_walk_parts(element, part, (), []))
    most = MAX_TAXONOMY if tag == "Taxonomy" else MAX_LABELS
    if len(labels) > most:
        raise ValueError(f"A <{tag}> has at most {most:,} labels; “{element.get('name')}” has {len(labels):,}.")
    is_nested = any(label.parent for label in labels) or tag == "Taxonomy"
    names = Counter(label.path if is_nested else label.value for label in labels)
    double = [name for name, count in names.items() if count > 1]
    if double:
        shown = double[0] if isinstance(double[0], str) else JOINT.join(double[0])
        raise ValueError(f"The label “{shown}” is there twice in “{element.get('name') or tag}”.")
    return labels


def read_max_rating(element: Element) -> int:
    """How many stars a rating has."""
    given = element.get("maxRating") or "5"
    if not given.isdecimal() or not 1 <= int(given) <= MAX_RATING:
        raise ValueError(f"maxRating is a whole number from 1 to {MAX_RATING}, not “{given[:40]}”.")
    return int(given)


def _walk_parts(element: Element, part: str, above: tuple[str, ...], heading: list[str]) -> Iterator[Label]:
    """`heading` are the words of a Header that wait for the label after it."""
    for child in element:
        if child.tag != part:
            heading += [words for words in ((child.get("value") or "").strip(),) if words and child.tag == "Header"]
            yield from _walk_parts(child, part, above, heading)  # a View between the labels
            continue
        text = " ".join((child.get("value") or "").split())
        value = " ".join((child.get("alias") or text).split())
        _check_label(value, text, part)
        path = (*above, value)
        color = clean_color(child.get("background") or child.get("selectedColor") or "")
        key = (child.get("hotkey") or "").strip()
        most = (child.get("maxUsages") or "").strip()
        is_selected = (child.get("selected") or "").strip().lower() == "true"
        limit = int(most) if most.isdecimal() else 0
        label = Label(value, text or value, color, key, JOINT.join(above), path, key, is_selected, limit)
        yield replace(label, heading=" · ".join(heading))
        heading.clear()
        yield from _walk_parts(child, part, path, heading)


def _check_label(value: str, text: str, part: str) -> None:
    if not value:
        raise ValueError(f"A <{part}> has no value.")
    for name in (value, text):
        if len(name) > MAX_LABEL_CHARS:
            raise ValueError(f"A label has at most {MAX_LABEL_CHARS} characters; “{name[:40]}…” is longer.")
        if not name.isprintable():
            raise ValueError(f"The label {name[:60]!r} contains characters that cannot be shown.")


def has_keys(control: Control) -> bool:
    return control.tag not in {"Taxonomy", "Relations"}


def with_keys(controls: tuple[Control, ...]) -> tuple[Control, ...]:
    """Colors for labels that have none, and keys that are unique over all controls.

    All labels to draw with lie on one picture or text, so that their colors differ over controls too.
    A key that the configuration gives is kept from all others; then what is asked of the whole task takes its keys
    first. A taxonomy is searched, not typed: it has no keys.
    """
    ordered = sorted(range(len(controls)), key=lambda place: controls[place].per_region)
    taken: set[str] = set()
    asked = [{read_key(one.asked_key) for one in control.labels if has_keys(control)} - {""} for control in controls]
    chosen = frozenset(one.color.lower() for control in controls for one in control.labels if one.color)
    drawn = 0  # labels to draw with that have their color
    finished = list(controls)
    for place in ordered:
        control = controls[place]
        labels = control.labels
        keys = [""] * len(labels)
        if has_keys(control):
            names = [one.value for one in labels]
            theirs = taken.union(*(wishes for other, wishes in enumerate(asked) if other != place))
            if control.tag == "Rating" and theirs & set(names):
                names = [""] * len(names)  # all in a row, rather than some on their digits
            mine = frozenset(theirs - (asked[place] - taken))  # of two that ask for one key the first has it
            keys = assign_keys(names, [one.asked_key for one in labels], mine)
        taken |= {key for key in keys if key}
        draws = CONTROLS[control.tag].draws
        colored = tuple(
            replace(one, key=key, color=one.color or pick_color(at + drawn * draws, chosen))
            for at, (one, key) in enumerate(zip(labels, keys, strict=True))
        )
        drawn += len(labels) * draws
        finished[place] = replace(control, labels=colored)
    return tuple(finished)
