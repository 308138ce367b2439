"""What is plainly wrong with regions: twice at one place, in two classes, too small, too large, cut within a word."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from workers.engines.findings.drawn import Doubt, Drawn, Region, cut
from workers.engines.findings.loading import TEXT_CHARS

SAME = 0.9  # of what two regions reach over together, both reach over: the same place
USUAL = 0.05  # of regions; what more of them do is how it is meant here
LEAST_OF_CLASS = 30  # regions, to say what is usual
TINY = 3.0  # pixels
FAR = 6.0  # times the usual spread of a class's sizes
RATIO = 4.0  # and so many times as large or small as the middle one


def find_box_faults(drawn: Drawn) -> list[Doubt]:
    """Boxes and shapes by what they reach over; turned ones and masks are left out."""
    boxed = {place: [one for one in mine if one.box] for place, mine in drawn.regions.items()}
    count = sum(len(mine) for mine in boxed.values())
    twice, crossed = [], []
    for place, mine in boxed.items():
        for a, b in _list_same(mine):
            if set(a.names) & set(b.names):
                twice.append(Doubt(place, 1.0, f"“{cut(a.name)}” is marked twice at the same place"))
            else:
                reason = f"“{cut(a.name)}” and “{cut(b.name)}” are marked at the same place"
                crossed.append(Doubt(place, 0.95, reason))
    if len(crossed) > max(1, USUAL * count):
        crossed = []
    return twice + crossed + _find_odd_sizes(boxed)


def _list_same(regions: Sequence[Region]) -> list[tuple[Region, Region]]:
    """Pairs at the same place."""
    if len(regions) < 2:
        return []
    boxes = np.array([one.box for one in regions], dtype=np.float64)
    shared = intersect(boxes, boxes)
    return [(regions[a], regions[b]) for a, b in np.argwhere(np.triu(shared >= SAME, k=1))]


def intersect(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """[a, b]: intersection over union of boxes [a, 4] and [b, 4], left, top, right, bottom."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    sizes = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    return both / np.maximum(sizes[0][:, None] + sizes[1][None, :] - both, 1e-9)


def _find_odd_sizes(boxed: dict[int, list[Region]]) -> list[Doubt]:
    by_class: dict[str, list[tuple[int, Region]]] = defaultdict(list)
    for place, mine in boxed.items():
        for one in mine:
            by_class[one.name].append((place, one))
    doubts: list[Doubt] = []
    for name, known in by_class.items():
        boxes = np.array([one.box for _, one in known], dtype=np.float64)
        sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6)
        sizes = np.log(np.sqrt(sides.prod(axis=1)))
        middle = np.median(sizes)
        spread = max(1.4826 * float(np.median(np.abs(sizes - middle))), 0.05)
        for (place, _), (width, height), size in zip(known, sides, sizes, strict=True):
            away, ratio = abs(size - middle) / spread, float(np.exp(abs(size - middle)))
            is_odd = len(known) >= LEAST_OF_CLASS and away > FAR and ratio > RATIO
            is_tiny = min(width, height) < TINY and ratio > RATIO
            if is_odd or is_tiny:
                how = "smaller" if size < middle else "larger"
                reason = f"“{cut(name)}” of {width:,.0f} × {height:,.0f} pixels is {ratio:,.1f} times {how} than usual"
                doubts.append(Doubt(place, min(0.9, 0.6 + away / 100), reason))
    return doubts


def find_span_faults(texts: Sequence[str], drawn: Drawn) -> list[Doubt]:
    """Spans of plain texts: beyond the text, other words than they say, twice, blank ends, cut within words."""
    doubts, cutting = [], []
    count = sum(one.span is not None for mine in drawn.regions.values() for one in mine)
    for place, mine in drawn.regions.items():
        text, seen = texts[place], set()
        for one in mine:
            if one.span is None or (one.span[1] > len(text) and len(text) >= TEXT_CHARS):
                continue
            if reason := _find_fault(text, one):
                doubts.append(Doubt(place, 1.0, reason))
            elif (one.span, one.names) in seen:
                doubts.append(Doubt(place, 1.0, f"“{cut(text[slice(*one.span)])}” is marked “{cut(one.name)}” twice"))
            elif reason := _find_cut(text, *one.span):
                cutting.append(Doubt(place, 0.95, reason))
            seen.add((one.span, one.names))
    return doubts + (cutting if len(cutting) <= max(1, USUAL * count) else [])


def _find_fault(text: str, region: Region) -> str:
    start, end = region.span or (0, 0)
    there = text[start:end]
    if end > len(text) or not there:
        return f"“{cut(region.name)}” is marked from character {start:,} to {end:,}, and the text has {len(text):,}"
    if not there.strip():
        return f"“{cut(region.name)}” marks nothing but blanks"
    if region.text and region.text.split() != there.split():
        return f"“{cut(region.name)}” says that it marks “{cut(region.text)}”, and there is “{cut(there)}”"
    if there != there.strip():
        return f"“{cut(there)}” is marked “{cut(region.name)}” with blanks at its ends"
    return ""


def _find_cut(text: str, start: int, end: int) -> str:
    """Where it begins or ends within a word; of scripts without blanks that is usual, and then no fault."""
    is_cut = any(0 < at < len(text) and re.fullmatch(r"\w\w", text[at - 1 : at + 1]) for at in (start, end))
    if not is_cut:
        return ""
    first = re.search(r"\w*$", text[:start]).group() if text[start].isalnum() else ""  # type: ignore[union-attr]
    last = re.match(r"\w*", text[end:]).group() if text[end - 1].isalnum() else ""  # type: ignore[union-attr]
    return f"“{cut(text[start:end])}” is cut out of “{cut(first + text[start:end] + last)}”"
