"""How far one answer is from another, 0 (the same) to 1 (nothing in common); pure functions on result lists.

Classes: 0 or 1 (several classes: Jaccard). Numbers: relative to the larger one. Regions (shapes, masks, key points,
stretches of time, spans of HyperText and paragraphs): matched by their overlap, 1 - 2·ΣIoU/(n+m). Relations: 1 - F1 of
those with the same ends and label. What is said of regions: the mean over the regions that both drew. Spans of a text,
and texts: tokens that differ over tokens that either has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from lifecycle.annotations import region_links
from lifecycle.annotations.region_agreement import MAX_REGIONS, Region, measure_overlap, pair_off, read_regions
from lifecycle.contracts.label_interface import MAIN_CONTROL

Entry = Mapping[str, Any]
Placed = tuple[set[str], Region]

SAME_NUMBER = 0.05  # closer than this, two numbers agree
SAME_REGIONS = 0.2
SAME_TOKENS = 0.1
DRAWN = frozenset({"x", "points", "rle", "start"})  # what says where a region is
TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Difference:
    """`is_agreed`: close enough to count as the same answer."""

    distance: float
    is_agreed: bool


def compare(suggested: Sequence[Entry], answered: Sequence[Entry], *, text: str = "") -> Difference:
    """A suggestion against an answer: the mean over the controls that the suggestion speaks about.

    What the suggestion is silent about is not held against it; `text` is what spans count their tokens in.
    """
    ours, theirs = _by_control(suggested), _by_control(answered)
    if not ours:
        return Difference(0.0 if not theirs else 1.0, not theirs)
    notes = _list_notes(suggested)
    same = _match_regions(suggested, answered) if notes else {}
    found = [
        _compare_control(entries, theirs.get(name, []), text) for name, entries in ours.items() if name not in notes
    ]
    found += [one for name in notes for one in _compare_notes(ours[name], theirs.get(name, []), same)]
    if any(map(region_links.is_relation, _list_entries(suggested))):
        found.append(_compare_relations(suggested, answered))
    distance = sum(one.distance for one in found) / len(found)
    return Difference(round(distance, 6), all(one.is_agreed for one in found))


def agree(first: Sequence[Entry], second: Sequence[Entry]) -> bool:
    """Whether two people's answers count as the same: on every control that both answered, and where something is
    drawn or the project's own question is answered, by one of them alone too."""
    ours, theirs = _by_control(first), _by_control(second)
    notes = _list_notes(first) & _list_notes(second)
    same = _match_regions(first, second) if notes else {}
    for name in ours.keys() | theirs.keys():
        if name in notes:
            said = {str(entry["id"]) for entry in theirs[name]}
            both = [entry for entry in ours[name] if same.get(str(entry["id"])) in said]
            if not all(one.is_agreed for one in _compare_notes(both, theirs[name], same)):
                return False
        elif name in ours and name in theirs:
            if not _compare_control(ours[name], theirs[name], "").is_agreed:
                return False
        elif name == MAIN_CONTROL or any(DRAWN & _value(entry).keys() for entry in ours.get(name) or theirs[name]):
            return False
    return _compare_relations(first, second).is_agreed


def _list_entries(result: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in result if isinstance(entry, Mapping)]


def _compare_relations(first: Sequence[Entry], second: Sequence[Entry]) -> Difference:
    """By the regions that both take for the same; none on either side is the same."""
    ours, theirs = ([one for one in _list_entries(side) if region_links.is_relation(one)] for side in (first, second))
    if not ours and not theirs:
        return Difference(0.0, True)
    places = [region_links.read_places(_list_entries(side)) for side in (first, second)]
    distance = 1 - (region_links.compare_relations(ours, theirs, region_links.match_places(*places)).f1 or 0.0)
    return Difference(distance, distance <= SAME_REGIONS)


def _by_control(result: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in _list_entries(result):
        if not region_links.is_relation(entry):
            found[str(entry.get("from_name", ""))].append(entry)
    return found


def _list_notes(result: Sequence[Entry]) -> set[str]:
    """Controls that speak of single regions."""
    entries = _list_entries(result)
    drawn = {str(entry["id"]) for entry in _list_drawn(result)}
    others = [one for one in entries if not (region_links.is_drawn(one) or region_links.is_relation(one))]
    return {str(one.get("from_name", "")) for one in others if one.get("id") and str(one["id"]) in drawn}


def _match_regions(first: Sequence[Entry], second: Sequence[Entry]) -> dict[str, str]:
    """{id of a region of the first: id of the same thing in the second}, as agreement finds them."""
    mine, theirs = ({str(one["id"]): _value(one) for one in _list_drawn(side)} for side in (first, second))
    if all(theirs.get(name) == value for name, value in mine.items()):
        return {name: name for name in mine}  # accepted as they were: masks need not be unpacked
    return region_links.match_places(*(region_links.read_places(_list_entries(side)) for side in (first, second)))


def _list_drawn(result: Sequence[Entry]) -> list[Entry]:
    return [one for one in _list_entries(result) if one.get("id") and region_links.is_drawn(one)]


def _compare_notes(ours: Sequence[Entry], theirs: Sequence[Entry], same: Mapping[str, str]) -> list[Difference]:
    """What one control says of regions that both drew: at most one difference, none where there is no such region."""
    said: dict[str, list[Entry]] = defaultdict(list)
    for entry in theirs:
        said[str(entry.get("id"))].append(entry)
    of_both = [(entry, same[str(entry.get("id"))]) for entry in ours if str(entry.get("id")) in same]
    found = [_compare_control([entry], said[region], "") for entry, region in of_both]
    if not found:
        return []
    return [Difference(sum(one.distance for one in found) / len(found), all(one.is_agreed for one in found))]


def _compare_control(ours: Sequence[Entry], theirs: Sequence[Entry], text: str) -> Difference:
    if not theirs:
        return Difference(1.0, False)
    measure, limit = _choose(ours, theirs)
    distance = measure(ours, theirs, text)
    return Difference(distance, distance <= limit)


def _choose(
    ours: Sequence[Entry], theirs: Sequence[Entry]
) -> tuple[Callable[[Sequence[Entry], Sequence[Entry], str], float], float]:
    value = _value(ours[0])
    if "start" in value and all(_is_span_of_text(_value(entry)) for entry in (*ours, *theirs)):
        return _compare_spans, SAME_TOKENS
    if DRAWN & value.keys():
        return _compare_regions, SAME_REGIONS
    if "number" in value or "rating" in value:
        return _compare_numbers, SAME_NUMBER
    if "text" in value:
        return _compare_texts, SAME_TOKENS
    return _compare_sets, 0.0


def _is_span_of_text(value: Mapping[str, Any]) -> bool:
    """Whether its place are characters from the beginning of the text: not of an element, a paragraph or a sound."""
    is_whole = all(isinstance(value.get(end), int) for end in ("start", "end"))
    return is_whole and not {"globalOffsets", "startOffset", "channel"} & value.keys()


def _compare_sets(ours: Sequence[Entry], theirs: Sequence[Entry], text: str) -> float:
    """Jaccard distance of what is chosen; for one class each that is 0 or 1."""
    a, b = _names(ours), _names(theirs)
    return 1 - len(a & b) / len(a | b) if a | b else 0.0


def _compare_numbers(ours: Sequence[Entry], theirs: Sequence[Entry], text: str) -> float:
    try:
        a, b = (float(_value(side[0]).get("number", _value(side[0]).get("rating"))) for side in (ours, theirs))
    except (TypeError, ValueError):
        return 1.0
    largest = max(abs(a), abs(b))
    return min(1.0, abs(a - b) / largest) if largest else 0.0


def _compare_texts(ours: Sequence[Entry], theirs: Sequence[Entry], text: str) -> float:
    a, b = (TOKEN.findall(" ".join(_words(side))) for side in (ours, theirs))
    return 1 - SequenceMatcher(a=a, b=b, autojunk=False).ratio() if a or b else 0.0


def _compare_spans(ours: Sequence[Entry], theirs: Sequence[Entry], text: str) -> float:
    """Tokens (characters without a text) whose labels differ, over those that either labels."""
    places = [match.span() for match in TOKEN.finditer(text)] if text else []
    a, b = _mark(ours, places), _mark(theirs, places)
    either = set(a) | set(b)
    return sum(a.get(place) != b.get(place) for place in either) / len(either) if either else 0.0


def _mark(entries: Sequence[Entry], places: Sequence[tuple[int, int]]) -> dict[int, frozenset[str]]:
    marked: dict[int, set[str]] = defaultdict(set)
    for entry in entries:
        value = _value(entry)
        try:
            start, end = int(value["start"]), int(value["end"])
        except (KeyError, TypeError, ValueError):
            continue
        covered = (n for n, (left, right) in enumerate(places) if left < end and right > start)
        for place in covered if places else range(start, min(end, start + 100_000)):
            marked[place] |= _names([entry])
    return {place: frozenset(names) for place, names in marked.items()}


def _compare_regions(ours: Sequence[Entry], theirs: Sequence[Entry], text: str) -> float:
    """Greedy matching by overlap among regions of the same labels, as an F1 weighted by overlap."""
    if len(ours) == len(theirs) and all(_value(a) == _value(b) for a, b in zip(ours, theirs, strict=True)):
        return 0.0  # accepted as it was: masks need not be unpacked
    a, b = _read_placed(ours), _read_placed(theirs)
    pairs = [
        (overlap, i, j)
        for i, (names, region) in enumerate(a)
        for j, (others, place) in enumerate(b)
        if names == others and (overlap := measure_overlap(region, place)) > 0
    ]
    total = sum(overlap for overlap, _, _ in pair_off(pairs))
    count = min(len(ours), MAX_REGIONS) + min(len(theirs), MAX_REGIONS)
    return max(0.0, 1 - 2 * total / count)


def _read_placed(entries: Sequence[Entry]) -> list[Placed]:
    found = [(_names([entry]), read_regions([entry])) for entry in entries[:MAX_REGIONS]]
    return [(names, regions[0]) for names, regions in found if regions]


def _value(entry: Entry) -> Mapping[str, Any]:
    value = entry.get("value")
    return value if isinstance(value, Mapping) else {}


def _words(entries: Sequence[Entry]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        said = _value(entry).get("text")
        found += [str(one) for one in said] if isinstance(said, list) else [str(said or "")]
    return found


def _names(entries: Sequence[Entry]) -> set[str]:
    """Everything that the entries choose, whatever their type: classes, labels, paths of a taxonomy."""
    found: set[str] = set()
    for entry in entries:
        for name, chosen in _value(entry).items():
            if isinstance(chosen, list) and name not in {"points", "text", "rle"}:
                found.update(str(one) for one in chosen)
            elif name in {"selected"}:
                found.add(str(chosen))
    return found
