"""Keys and colors of labels: every label gets a color, and as many as there are keys get one of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

# s, u and g are skip, undo and guide; 0 is the tenth class
CLASS_KEYS = "1234567890" + "qwertyiopadfhjklzxcvbnm"
RESERVED = {"s": "it skips an item", "u": "it undoes", "g": "it shows the guide"}
# told apart on light and on dark, also by most color-blind people when they stand side by side
COLORS = (
    "#2f7ed8", "#e8590c", "#2f9e44", "#c2255c", "#7048e8", "#0c8599", "#e67700", "#d6336c",
    "#5c940d", "#364fc7", "#a61e4d", "#087f5b", "#9c36b5", "#b08900", "#1098ad", "#c92a2a",
)  # fmt: skip
_COLOR = re.compile(r"#[0-9a-f]{3,8}|[a-z]{3,30}|(rgb|hsl)a?\([0-9.,%\s/]{5,40}\)", re.IGNORECASE)


def assign_keys(classes: Sequence[str], wanted: Sequence[str] = (), taken: frozenset[str] = frozenset()) -> list[str]:
    """The key of each class; empty for those past the last free key.

    A class has the key in `wanted` at its place, where that is free; then one that is called like a key has it (the
    digit 7 is on 7); the others take the free keys in order. Keys in `taken` belong to others.
    """
    keys = [""] * len(classes)
    used = set(taken)
    asked = [read_key(key) for key in wanted]
    named = [name.lower() if name.lower() in set(CLASS_KEYS) else "" for name in classes]
    for claims in (asked, named):
        for place, key in enumerate(claims):
            if key and not keys[place] and key not in used:
                keys[place] = key
                used.add(key)
    free = (key for key in CLASS_KEYS if key not in used)
    return [key or next(free, "") for key in keys]


def read_key(given: str) -> str:
    """A key that a label can have, as it is written; empty for anything else."""
    key = given.strip().lower()
    return key if len(key) == 1 and key in CLASS_KEYS else ""


def explain_key(given: str) -> str:
    """Why a label cannot have a key; empty where it can."""
    key = given.strip().lower()
    if not key or read_key(key):
        return ""
    if key in RESERVED:
        return f"“{key.upper()}” belongs to the page: {RESERVED[key]}."
    return "A key is one letter from a to z, or one digit."


def clean_color(color: str) -> str:
    """A color that may stand in a style attribute; empty for anything else."""
    color = color.strip()
    return color if _COLOR.fullmatch(color) else ""


def pick_color(place: int, chosen: frozenset[str] = frozenset()) -> str:
    """The color of the label at this place; none of those that were chosen for other labels, while there are enough."""
    free = [color for color in COLORS if color not in chosen] or COLORS
    return free[place % len(free)]
