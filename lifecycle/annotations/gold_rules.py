"""How near an answer is to the one that is known to be right; plain values, no database."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.annotations import region_links
from lifecycle.annotations.region_agreement import SAME_SHAPE, Region, measure_overlap, pair_off, read_regions

RULE = 2  # counted up whenever another score may come out of the same answers: old ones are scored anew then
RIGHT_FROM = 0.999  # one value: equal or not
NEAR = 1e-9
Entry = Mapping[str, Any]
Answer = tuple[str | None, Sequence[Entry]]  # (value, Label Studio result)
Mark = tuple[Entry, Region | None]


def score_answer(label_kind: str, gold: Answer, given: Answer) -> float:
    """0 to 1. One value is right or wrong; drawn regions are right when all of them agree, else F1."""
    if label_kind == "number":
        return float(_is_same_number(gold[0], given[0]))
    if label_kind == "class" and gold[0] is not None:
        return float(gold[0] == given[0])
    return score_regions(gold[1], given[1])


def _is_same_number(gold: str | None, given: str | None) -> bool:
    if gold is None or given is None:
        return gold == given
    return math.isclose(float(gold), float(given), rel_tol=NEAR, abs_tol=NEAR)


def score_regions(gold: Sequence[Entry], given: Sequence[Entry]) -> float:
    """F1 of entries matched one to one, largest overlap first, and of relations; 1 where both are empty.

    What is drawn matches from an overlap of 0.5 (region_agreement.measure_overlap) under equal labels; what is said of
    a region, where it is the same and the region is; relations, where both ends and the label are the same.
    """
    ours, theirs = (_read_marks(side) for side in (gold, given))
    linked = [[entry for entry in side if region_links.is_relation(entry)] for side in (gold, given)]
    is_placed = all(region is not None for _, region in (*ours, *theirs))
    same: Mapping[str, str] = {}
    if linked[0] or linked[1] or not is_placed:  # else nothing leads to a region, and masks are not unpacked again
        same = region_links.match_places(region_links.read_places(gold), region_links.read_places(given))
    relations = region_links.compare_relations(linked[0], linked[1], same)
    total = len(ours) + len(theirs) + relations.first + relations.second
    return 2 * (_count_matched(ours, theirs, same) + relations.same) / total if total else 1.0


def _read_marks(entries: Sequence[Entry]) -> list[Mark]:
    """Every entry but relations, with its region where it has a place."""
    marks = [entry for entry in entries if not region_links.is_relation(entry)]
    return [(entry, next(iter(read_regions([entry])), None)) for entry in marks]


def _count_matched(ours: Sequence[Mark], theirs: Sequence[Mark], same: Mapping[str, str]) -> int:
    pairs = [
        (overlap, left, right)
        for left, one in enumerate(ours)
        for right, other in enumerate(theirs)
        if (overlap := _overlap(one, other, same)) >= SAME_SHAPE
    ]
    return len(list(pair_off(pairs)))


def _overlap(one: Mark, other: Mark, same: Mapping[str, str]) -> float:
    (entry, region), (answer, place) = one, other
    kind = str(entry.get("type", ""))
    if any(entry.get(name) != answer.get(name) for name in ("type", "from_name")):
        return 0.0
    mine, theirs = entry.get("value") or {}, answer.get("value") or {}
    if region is None or place is None:
        owner = str(entry.get("id", ""))
        is_elsewhere = owner in same and same[owner] != answer.get("id")
        return float(mine == theirs and not is_elsewhere)
    if _sort_names(mine.get(kind)) != _sort_names(theirs.get(kind)):
        return 0.0
    return measure_overlap(region, place)


def _sort_names(chosen: Any) -> Any:
    return sorted(map(str, chosen)) if isinstance(chosen, list) else chosen
