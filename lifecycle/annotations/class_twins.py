"""Classes that are likely the same one, written in two ways: plain values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

BETWEEN = re.compile(r"[\s_-]+(?=\w)")


def list_class_twins(classes: Sequence[str], *, most_used: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Groups of classes that differ only by case, or by blanks, hyphens and underscores between words; of each group
    the one that is used most first. “C” and “C-” are two classes."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        groups[BETWEEN.sub(" ", name.casefold()).strip()].append(name)
    places = {name: place for place, name in enumerate(most_used)}
    return [
        tuple(sorted(names, key=lambda name: places.get(name, len(places)))) for names in groups.values() if names[1:]
    ]
