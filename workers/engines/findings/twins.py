"""Pairs of like items, from whatever search, into lists: one of each cluster stays, the others are listed beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings.loading import Items


@dataclass(frozen=True)
class Pair:
    """Places of two like items, `a` before `b`, and how alike they are, 0..1."""

    a: int
    b: int
    likeness: float
    how: str  # "same pixels", "97 % alike after cropping" …


def find_clusters(pairs: Iterable[Pair], count: int) -> list[int]:
    """The least place of each item's cluster; an item without a twin is its own."""
    parent = list(range(count))

    def find(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for pair in pairs:
        a, b = find(pair.a), find(pair.b)
        if a != b:
            parent[max(a, b)] = min(a, b)
    return [find(place) for place in range(count)]


def list_twins(pairs: Sequence[Pair], items: Items, kind: FindingKind, limit: int) -> list[FoundItem]:
    """Every item of a cluster but its first, those whose labels disagree first."""
    roots = find_clusters(pairs, len(items))
    best: dict[int, Pair] = {}
    for pair in pairs:
        if pair.b not in best or pair.likeness > best[pair.b].likeness:
            best[pair.b] = pair
    for pair in pairs:  # an item that is only ever the first of a pair, but not of its cluster
        if roots[pair.a] != pair.a and pair.a not in best:
            best[pair.a] = Pair(pair.b, pair.a, pair.likeness, pair.how)
    found = []
    for place, pair in best.items():
        other = pair.a
        disagrees = _disagree(items, other, place)
        reason = f"{pair.how} as item {items.ids[other]}"
        if disagrees:
            reason += f", but labeled “{items.labels[place]}” here and “{items.labels[other]}” there"
        found.append((disagrees, pair.likeness, place, other, reason))
    found.sort(key=lambda f: (not f[0], -f[1], f[2]))
    return [
        FoundItem(kind, int(items.ids[place]), round(likeness, 4), reason, int(items.ids[other]), roots[place] + 1)
        for _, likeness, place, other, reason in found[:limit]
    ]


def _disagree(items: Items, a: int, b: int) -> bool:
    return items.labels[a] is not None and items.labels[b] is not None and items.labels[a] != items.labels[b]


def pair_equal(keys: Sequence[object], how: str) -> list[Pair]:
    """Every later item with the key of an earlier one; None keys are left alone."""
    first: dict[object, int] = {}
    pairs = []
    for place, key in enumerate(keys):
        if key is None:
            continue
        if key in first:
            pairs.append(Pair(first[key], place, 1.0, how))
        else:
            first[key] = place
    return pairs
