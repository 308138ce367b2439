"""Regions that several people drew: which are the same thing, whether it belongs, what it is called, where it lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from lifecycle.annotations.merging.judges import Judge
from lifecycle.annotations.merging.model import HALF, Drawn, Entry
from lifecycle.annotations.merging.places import Placed, find_least, find_place, list_matches, name_kind
from lifecycle.contracts.label_interface import Control
from lifecycle.contracts.label_interface.values import find_key

Overlaps = Mapping[tuple[int, int], float]


@dataclass(frozen=True)
class Cluster:
    """Regions of as many people, the oldest answer first, of which all are the same thing as one of them."""

    members: tuple[Drawn, ...]
    medoid: Drawn  # this one, somebody's real region: of those that match all others the one that overlaps them most


@dataclass
class _Growing:
    places: set[int]
    people: set[int] = field(default_factory=set)


def cluster(regions: Sequence[Drawn], judge: Judge) -> list[Cluster]:
    """All regions of all people, each in one cluster, in the order in which they were first drawn.

    The best matches are joined first (of equals those that say the same), and two clusters only where nobody is in both
    and one region matches all the others: a chain of neighbors is not one thing.
    """
    placed = [find_place(one) for one in sorted(regions, key=lambda one: (one.annotation, one.place))]
    matches = _match(placed)
    return [_close(placed, places, matches, judge) for places in _join(placed, matches)]


def _match(placed: Sequence[Placed]) -> dict[tuple[int, int], float]:
    """{(place, later place): overlap} of regions of different answers that are the same thing."""
    by_kind: dict[tuple[str, str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, one in enumerate(placed):
        by_kind[name_kind(one.drawn.main)][one.drawn.annotation].append(place)
    found: dict[tuple[int, int], float] = {}
    for answers in by_kind.values():
        for mine, theirs in combinations(answers.values(), 2):
            least = find_least(placed[mine[0]].drawn.main)
            for i, j, overlap in list_matches([placed[i] for i in mine], [placed[j] for j in theirs], least):
                found[mine[i], theirs[j]] = overlap
    return found


def _join(placed: Sequence[Placed], matches: Overlaps) -> list[list[int]]:
    """The places of each cluster's regions, in rising order."""
    groups = {place: _Growing({place}, {one.drawn.annotation}) for place, one in enumerate(placed)}

    def rank(pair: tuple[int, int]) -> tuple:
        first, second = placed[pair[0]].drawn, placed[pair[1]].drawn
        return -round(matches[pair], 9), not _is_called_same(first, second), not _says_same(first, second), pair

    for first, second in sorted(matches, key=rank):
        a, b = groups[first], groups[second]
        if a is b or a.people & b.people:
            continue
        if _list_centers(a.places | b.places, matches):
            a.places |= b.places
            a.people |= b.people
            for place in b.places:
                groups[place] = a
    whole = {id(group): sorted(group.places) for group in groups.values()}
    return sorted(whole.values())


def _list_centers(places: Collection[int], matches: Overlaps) -> list[int]:
    """Those that match all others."""
    return [i for i in places if all(i == j or (min(i, j), max(i, j)) in matches for j in places)]


def _is_called_same(first: Drawn, second: Drawn) -> bool:
    return [read_names(one) for one in first.entries] == [read_names(one) for one in second.entries]


def _says_same(first: Drawn, second: Drawn) -> bool:
    said = [{name: entry["value"] for name, entry in one.notes.items()} for one in (first, second)]
    return said[0] == said[1]


def _close(placed: Sequence[Placed], places: Sequence[int], overlaps: Overlaps, judge: Judge) -> Cluster:
    """The medoid is the center with the largest weighted sum of overlaps with the others; of equals the newest."""
    centers = _list_centers(places, overlaps)

    def measure(place: int) -> tuple[float, int]:
        others = [other for other in places if other != place]
        shared = sum(
            judge.weigh(placed[other].drawn.main["from_name"], placed[other].drawn.user)
            * overlaps[min(place, other), max(place, other)]
            for other in others
        )
        return round(shared, 9), place

    return Cluster(tuple(placed[place].drawn for place in places), placed[max(centers, key=measure)].drawn)


def read_names(entry: Entry) -> tuple[str, ...]:
    """What a drawn entry calls its region."""
    return tuple(sorted(entry["value"][entry["type"]]))


def name_region(
    control: Control, named: Sequence[tuple[Drawn, Entry]], shape: Entry, judge: Judge
) -> tuple[dict[str, Any], float]:
    """(the entry with `shape`'s place and the name that these people vote for, how sure the name is).

    Where a region may have several names each is voted on; one that at least half of them gave stands.
    """
    weights: dict[tuple[str, ...], float] = defaultdict(float)
    newest: dict[tuple[str, ...], int] = {}
    total = 0.0
    for drawn, entry in sorted(named, key=lambda pair: pair[0].annotation):
        weight = judge.weigh(control.name, drawn.user)
        total += weight
        names = read_names(entry)
        for said in [(name,) for name in names] if control.multiple else [names]:
            weights[said] += weight
            newest[said] = drawn.annotation
    shares = {said: weight / total for said, weight in weights.items()}
    best = max(shares, key=lambda said: (round(shares[said], 9), newest[said]))
    chosen, sure = [best], shares[best]
    likely = [said for said, share in shares.items() if share >= HALF]
    if control.multiple and likely:
        chosen, sure = likely, min(max(share, 1 - share) for share in shares.values())
    words = {name for said in chosen for name in said}
    if words == set(read_names(shape)):
        return dict(shape), sure
    ordered = [label.value for label in control.labels if label.value in words]
    return {**shape, "value": {**shape["value"], find_key(control, shape): ordered}}, sure
