"""How near an answer is to the one that is known to be right; plain values, no database."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

RIGHT_FROM = 0.999  # one value: equal or not
NEAR = 1e-9
SAME_FROM_IOU = 0.5
Answer = tuple[str | None, Sequence[Mapping[str, Any]]]  # (value, Label Studio result)


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


def score_regions(gold: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> float:
    """F1 of regions matched one to one, best overlap first; 1 where both are empty.

    Boxes match from IoU 0.5, spans from a Jaccard overlap of 0.5, both with equal labels; anything else when equal.
    """
    if not gold and not given:
        return 1.0
    pairs = [
        (overlap, left, right)
        for left, one in enumerate(gold)
        for right, other in enumerate(given)
        if (overlap := _overlap(one, other)) >= SAME_FROM_IOU
    ]
    used_left: set[int] = set()
    used_right: set[int] = set()
    for _, left, right in sorted(pairs, reverse=True):
        if left not in used_left and right not in used_right:
            used_left.add(left)
            used_right.add(right)
    return 2 * len(used_left) / (len(gold) + len(given))


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    kind = str(one.get("type", ""))
    if kind != other.get("type") or one.get("from_name") != other.get("from_name"):
        return 0.0
    mine, theirs = one.get("value") or {}, other.get("value") or {}
    if mine.get(kind) != theirs.get(kind):
        return 0.0
    if {"x", "y", "width", "height"} <= mine.keys() & theirs.keys():
        return _box_overlap(mine, theirs)
    if {"start", "end"} <= mine.keys() & theirs.keys():
        return _line_overlap(mine, theirs)
    return float(mine == theirs)


def _box_overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    if not math.isclose(one.get("rotation") or 0, other.get("rotation") or 0, abs_tol=5):
        return 0.0
    width = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    height = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    shared = max(0.0, width) * max(0.0, height)
    union = one["width"] * one["height"] + other["width"] * other["height"] - shared
    return shared / union if union > 0 else 0.0


def _line_overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    if not all(isinstance(side[end], (int, float)) for side in (one, other) for end in ("start", "end")):
        return float(one == other)  # HyperText says places as paths
    shared = min(one["end"], other["end"]) - max(one["start"], other["start"])
    union = max(one["end"], other["end"]) - min(one["start"], other["start"])
    return max(0.0, shared) / union if union > 0 else float(one == other)
