"""What hangs on drawn regions: which regions of two answers are the same thing, and how far their relations agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.annotations.agreement_report import KINDS
from lifecycle.annotations.region_agreement import ANY_OVERLAP, MISSED, SAME_SHAPE, Region, Tally, match, read_regions

Entry = Mapping[str, Any]
Places = dict[tuple[str, str], list[Region]]  # (spans or regions, what they are drawn on) -> regions
Link = tuple[str, str, bool]  # from, to, whether it leads both ways


def is_drawn(entry: Entry) -> bool:
    return KINDS.get(str(entry.get("type", ""))) in ("regions", "spans")


def is_relation(entry: Entry) -> bool:
    return entry.get("type") == "relation"


def find_least(kind: str) -> float:
    """The overlap from which two are taken for the same: any of spans, half of shapes."""
    return ANY_OVERLAP if kind == "spans" else SAME_SHAPE


def read_places(entries: Sequence[Entry]) -> Places:
    """The drawn regions of an answer, each once, whichever controls label it."""
    drawn: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    seen: set[str] = set()
    for entry in entries:
        if is_drawn(entry) and entry.get("id") and entry["id"] not in seen:
            seen.add(entry["id"])
            drawn[KINDS[str(entry["type"])], str(entry.get("to_name", ""))].append(entry)
    return {place: read_regions(found) for place, found in drawn.items()}


def match_places(first: Places, second: Places) -> dict[str, str]:
    """{id of a region of the first answer: id of the same thing in the second}, matched as agreement matches them."""
    same: dict[str, str] = {}
    for place, mine in first.items():
        theirs = second.get(place, [])
        same |= {mine[i].id: theirs[j].id for i, j, _ in match(mine, theirs, least=find_least(place[0]))}
    return same


def compare_relations(first: Sequence[Entry], second: Sequence[Entry], same: Mapping[str, str]) -> Tally:
    """Relations of two answers: the same where they lead from the same thing to the same thing under the same label.

    F1 = 2 same / (relations of the first + of the second). `same` says which regions are the same things; a relation
    with several labels counts once for each.
    """
    back = {theirs: mine for mine, theirs in same.items()}
    mine, theirs = _read_links(first), _read_links(second, back)
    tally = Tally(sum(map(len, mine.values())), sum(map(len, theirs.values())), compared=1)
    tally.empty = int(not tally.first + tally.second)
    for link in mine.keys() | theirs.keys():
        called, said = Counter(mine.get(link, ())), Counter(theirs.get(link, ()))
        agreed = called & said
        tally.same += agreed.total()
        tally.cells.update({(label, label): count for label, count in agreed.items()})
        left, right = sorted((called - agreed).elements()), sorted((said - agreed).elements())
        tally.matched += agreed.total() + min(len(left), len(right))
        longest = max(len(left), len(right))
        pad = [MISSED] * longest
        tally.cells.update(zip((left + pad)[:longest], (right + pad)[:longest], strict=True))
    return tally


def _read_links(entries: Sequence[Entry], names: Mapping[str, str] | None = None) -> dict[Link, list[str]]:
    """{where it leads: labels}; regions by `names`, and one without a name there so that it is nobody else's."""
    found: dict[Link, list[str]] = defaultdict(list)
    for entry in entries:
        ends = (str(entry.get("from_id", "")), str(entry.get("to_id", "")))
        source, target = ends if names is None else (names.get(end, f"?{end}") for end in ends)
        is_mutual = entry.get("direction") == "bi"
        if entry.get("direction") == "left" or is_mutual and source > target:
            source, target = target, source
        labels = sorted(set(map(str, entry.get("labels") or ()))) or [""]
        found[source, target, is_mutual] += [label or "(no label)" for label in labels]
    return found
