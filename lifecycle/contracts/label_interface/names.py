"""The names inside a value: what `values.join_names` joined, taken apart again."""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.contracts.label_interface.model import NOTHING, Interface
from lifecycle.contracts.label_interface.tags import CONTROLS
from lifecycle.contracts.label_interface.values import CUT, JOINT, MAX_VALUE_CHARS


def list_names(interface: Interface) -> tuple[str, ...] | None:
    """What the values of this interface are joined of; None where a value is a number or a text of its own."""
    main = interface.main_control
    if main is None or not (CONTROLS[main.tag].draws or main.tag in {"Choices", "Taxonomy"}):
        return None
    if main.tag == "Taxonomy" or main.nested:
        return tuple(" / ".join(label.path) for label in main.labels)
    return tuple(label.value for label in main.labels)


def is_cut(value: str) -> bool:
    """Whether names are missing at its end, as there were too many."""
    return len(value) == MAX_VALUE_CHARS and value.endswith(CUT)


Reading = tuple[int, int, tuple[str, ...]]  # how many names are unknown, how many there are, the names


class NameReader:
    """Reads values with the names that are known. A name may itself contain the joint: of all ways to take a value
    apart, the one with the fewest unknown names counts, and of these the one with the fewest, that is longest, names.
    """

    def __init__(self, names: Iterable[str]):
        self._names = frozenset(names)
        self._reach = 1 + max((name.count(JOINT) for name in self._names), default=0)  # pieces of the longest

    def read(self, value: str) -> tuple[str, ...]:
        """Each name once; of a value that was cut off, those that are whole."""
        if value == NOTHING:
            return ()
        if is_cut(value) and value not in self._names:
            found = self._read_cut(value.removesuffix(CUT))
        else:
            found = self._take_apart(value.split(JOINT))
        return tuple(dict.fromkeys(found[2]))

    def _take_apart(self, pieces: list[str]) -> Reading:
        best: list[Reading] = [(0, 0, ())]  # of the last 0, 1, 2 … pieces
        for start in reversed(range(len(pieces))):
            ways = []
            for end in range(start + 1, min(start + self._reach, len(pieces)) + 1):
                name = JOINT.join(pieces[start:end])
                is_known = name in self._names
                if is_known or end == start + 1:
                    unknown, count, rest = best[len(pieces) - end]
                    ways.append((unknown + (not is_known), count + 1, (name, *rest)))
            best.append(min(ways, key=lambda way: way[:2]))
        return best[-1]

    def _read_cut(self, text: str) -> Reading:
        """What stands before the name whose end is missing: best one that begins like a known name."""
        pieces = text.split(JOINT)
        ways: list[tuple[Reading, bool]] = []
        if text.endswith(JOINT.strip()):  # cut within a joint, so that the last name may be whole
            whole = text.removesuffix(JOINT.strip()).split(JOINT)
            ways.append((self._take_apart(whole), True))
        last = len(pieces) - 1
        for start in range(last, max(last - self._reach, -1), -1):
            begun = JOINT.join(pieces[start:])
            is_begun = any(name.startswith(begun) for name in self._names)
            ways.append((self._take_apart(pieces[:start]), is_begun))
        return min(ways, key=lambda way: (way[0][0], not way[1]))[0]
