"""Ranks as priorities: pure functions on plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5


@dataclass(frozen=True)
class Waiting:
    """An open task as far as its place in the queue depends on it."""

    id: int
    item_id: int
    draw: float  # 0 to 1, from the content of its item
    is_random: bool


def compute_draw(content_hash: str) -> float:
    """A number between 0 and 1 that an item keeps; services.ordering.DRAW says the same in SQL."""
    return int(md5(content_hash.encode(), usedforsecurity=False).hexdigest()[:8], 16) / 2**32


def spread(ids: Sequence[int]) -> list[tuple[int, float]]:
    """(id, priority) with the first id highest, evenly between 1 and 0."""
    count = len(ids)
    return [(pk, (count - place - 0.5) / count) for place, pk in enumerate(ids)]


def mix_arms(tasks: Sequence[Waiting], ordered: Sequence[int]) -> list[tuple[int, float]]:
    """Priorities of all tasks: those of the order as `ordered` has them, the random arm by its draw.

    Both arms are spread evenly over the same range, so that any beginning of the queue holds them in their shares.
    Tasks that `ordered` leaves out come last, by their draw.
    """
    arm = sorted((task for task in tasks if task.is_random), key=lambda task: (task.draw, task.id))
    in_arm = {task.id for task in arm}
    others = {task.id: task for task in tasks if not task.is_random}
    first = [pk for pk in ordered if pk in others]
    known = set(first)
    rest = sorted((t for pk, t in others.items() if pk not in known and pk not in in_arm), key=lambda t: (t.draw, t.id))
    return [*spread([task.id for task in arm]), *spread([*first, *(task.id for task in rest)])]
