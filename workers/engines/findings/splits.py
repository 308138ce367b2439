"""What has a twin, or members of its group, on the other side of a split: a score there would be too good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings.loading import Items
from workers.engines.findings.twins import Pair, find_clusters

GROUP_SCORE = 0.6
RANKS = {"train": 0, "validation": 1, "test": 2}


def find_leaks(items: Items, pairs: Sequence[Pair], limit: int) -> list[FoundItem]:
    """Items of validation or test with a twin in another split, surest first; then whole groups on both sides."""
    likeness: dict[int, Pair] = {}
    for pair in _cross(items, pairs):
        victim, source = sorted((pair.a, pair.b), key=lambda place: -RANKS.get(items.splits[place], 0))
        if victim not in likeness or likeness[victim].likeness < pair.likeness:
            likeness[victim] = Pair(source, victim, pair.likeness, pair.how)
    clusters = find_clusters(pairs, len(items))
    found = [
        FoundItem(
            FindingKind.SPLIT_LEAKS,
            int(items.ids[place]),
            round(pair.likeness, 4),
            f"In {items.splits[place]}, and {_lower(pair.how)} as item {items.ids[pair.a]} in {items.splits[pair.a]}",
            int(items.ids[pair.a]),
            clusters[place] + 1,
        )
        for place, pair in likeness.items()
    ]
    found += _find_divided_groups(items, {f.item_id for f in found})
    return sorted(found, key=lambda f: (-f.score, f.item_id))[:limit]


def _cross(items: Items, pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Pairs on two sides. What was found of one of several equal items holds for the others: searches compare one."""
    roots = find_clusters([pair for pair in pairs if pair.likeness >= 1], len(items))
    equal: dict[int, list[int]] = {}
    for place in {place for pair in pairs for place in (pair.a, pair.b)}:
        equal.setdefault(roots[place], []).append(place)
    first_of: dict[int, dict[str, int]] = {}  # of each set of equal ones: the first in each split
    for root, places in equal.items():
        for place in sorted(places):
            first_of.setdefault(root, {}).setdefault(items.splits[place], place)
    for pair in pairs:
        for mine, others in ((pair.a, pair.b), (pair.b, pair.a)):
            first = first_of[roots[others]]
            for place in equal[roots[mine]] if pair.likeness < 1 else (mine,):
                yield from (
                    Pair(place, other, pair.likeness, pair.how)
                    for split, other in first.items()
                    if split != items.splits[place]
                )


def _find_divided_groups(items: Items, known: set[int]) -> list[FoundItem]:
    members: dict[str, list[int]] = {}
    for place, group in enumerate(items.groups):
        if group:
            members.setdefault(group, []).append(place)
    found = []
    for group, places in members.items():
        first = min(places, key=lambda place: (RANKS.get(items.splits[place], 0), place))
        for place in places:
            if items.splits[place] != items.splits[first] and int(items.ids[place]) not in known:
                reason = f"In {items.splits[place]}, while others of its group “{group}” are in {items.splits[first]}"
                found.append(
                    FoundItem(
                        FindingKind.SPLIT_LEAKS, int(items.ids[place]), GROUP_SCORE, reason[:300], int(items.ids[first])
                    )
                )
    return found


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
