"""Which unit a row belongs to: rows with the same fingerprint stay together. Pure.

The engine's row_prints says what a fingerprint is, decision 020 why they are compared for equality.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
FindNear = Callable[[Sequence[int | None], Any], list[int | None]]
Search = TypeVar("Search", FindNear, FindNear | None)


def settle_prints(prints: Sequence[int | None], near: pa.ChunkedArray, known: Ints) -> list[int | None]:
    """The fingerprint that each row is stored with: its own where that is taken, else the first of its near ones
    (packed in `near`) that is, else its own. What is `known` (sorted) was taken before, then rows take theirs in
    order."""
    rows = np.array([place for place, print_ in enumerate(prints) if print_ is not None], np.int64)
    own = np.array([prints[place] for place in rows], np.int64)
    owner, keys = _list_near(near, rows)
    settled = _take_known(own, owner, keys, known)
    _take_among(settled, own, owner, keys, ~contains(known, settled))
    found: list[int | None] = [None] * len(prints)
    for place, print_ in zip(rows.tolist(), settled.tolist(), strict=True):
        found[place] = print_
    return found


def _list_near(near: pa.ChunkedArray, rows: Ints) -> tuple[Ints, Ints]:
    """(place in `rows`, fingerprint) of every near one, in order."""
    packed = [near_ or b"" for near_ in near.take(pa.array(rows)).to_pylist()]
    lengths = np.fromiter(map(len, packed), np.int64, len(packed)) // 8
    return np.repeat(np.arange(len(rows)), lengths), np.frombuffer(b"".join(packed), "<i8").astype(np.int64)


def _take_known(own: Ints, owner: Ints, keys: Ints, known: Ints) -> Ints:
    settled = own.copy()
    is_hit = contains(known, keys) & ~contains(known, own)[owner]
    hits, first = np.unique(owner[is_hit], return_index=True)
    settled[hits] = keys[is_hit][first]
    return settled


def _take_among(settled: Ints, own: Ints, owner: Ints, keys: Ints, is_open: NDArray[np.bool_]) -> None:
    """Rows that found nothing known, among themselves. Changes `settled`."""
    open_keys = np.unique(own[is_open])
    asks = is_open[owner] & contains(open_keys, keys)  # few: a neighboring cell must have a row of this part
    wanted: dict[int, list[int]] = {}
    for place, key in zip(owner[asks].tolist(), keys[asks].tolist(), strict=True):
        wanted.setdefault(place, []).append(key)
    taken: dict[int, int] = {}  # fingerprint -> the first row that took it
    plain = is_open.copy()
    plain[list(wanted)] = False
    values, first = np.unique(own[plain], return_index=True)
    taken.update(zip(values.tolist(), np.flatnonzero(plain)[first].tolist(), strict=True))
    for place in sorted(wanted):
        key = int(own[place])
        choices = (near for near in wanted[place] if taken.get(near, place) < place)
        if taken.get(key, place) >= place:
            key = next(choices, key)
        settled[place] = key
        taken[key] = min(taken.get(key, place), place)


def contains(known: Ints, values: Ints) -> NDArray[np.bool_]:
    """Which of `values` are among `known`, which is sorted."""
    if not len(known):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[places] == values)


def choose_search(item_kind: str, find_near: Search) -> Search:
    """Rows are compared for equality, all else by what the caller brings."""
    return find_equal if item_kind == "row" else find_near


def find_equal(new: Sequence[int | None], old: Ints) -> list[int | None]:
    """For each new fingerprint the place, in `old` (sorted) followed by `new`, of an earlier equal one."""
    asked = np.array([print_ or 0 for print_ in new], np.int64)
    places = np.where(contains(old, asked), np.searchsorted(old, asked), -1).tolist()
    found: list[int | None] = []
    seen: dict[int, int] = {}
    for number, (print_, place) in enumerate(zip(new, places, strict=True)):
        if print_ is None:
            found.append(None)
        elif place >= 0:
            found.append(place)
        else:
            found.append(seen.get(print_))
            seen.setdefault(print_, len(old) + number)
    return found
