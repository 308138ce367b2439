"""Who of several people gets a task: by share, and the same on every repeat. Plain values only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from hashlib import blake2b


def choose_people(task_id: int, shares: Mapping[int, float], count: int) -> list[int]:
    """`count` different people for a task (all of them when there are fewer), in proportion to their shares.

    Weighted rendezvous hashing: a person who joins or leaves moves no task between the others.
    """
    scored = [(_score(task_id, user, weight), user) for user, weight in shares.items() if weight > 0]
    return [user for _, user in sorted(scored)[:count]]


def _score(task_id: int, user: int, weight: float) -> float:
    digest = blake2b(f"{task_id}:{user}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest, "big") + 1) / (2**64 + 1)
    return -math.log(uniform) / weight
