"""Regions worth a look: plainly wrong boxes, shapes and spans, and those a model doubts that never saw them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings.drawn import Doubt, Drawn, read_drawn
from workers.engines.findings.loading import Look
from workers.engines.findings.region_faults import find_box_faults, find_span_faults
from workers.engines.findings.span_tokens import doubt_spans

SHOWN = 2  # doubts that the reason of one item names


def find_doubtful_regions(look: Look) -> list[FoundItem]:
    """Items with a region that is plainly wrong first, then those that are doubted, most doubtful first; one line an
    item. Nothing, and no note, where labels have no regions."""
    drawn = read_drawn(look.items)
    if drawn is None:
        return []
    if look.spec.item_kind == "text":
        doubts = [*find_span_faults(look.items.contents, drawn), *doubt_spans(look, drawn)]
    else:
        doubts = find_box_faults(drawn)
        look.notes[FindingKind.REGIONS] = _describe(drawn, "Boxes and shapes")
    return _list_items(look, doubts)


def _describe(drawn: Drawn, what: str) -> str:
    return (
        f"{what} were looked at for what is there twice, in two classes, or far smaller or larger than others of "
        f"its class: {drawn.count:,} in {len(drawn.regions):,} items."
    )


def _list_items(look: Look, doubts: Iterable[Doubt]) -> list[FoundItem]:
    by_place: dict[int, list[Doubt]] = defaultdict(list)
    for doubt in doubts:
        by_place[doubt.place].append(doubt)
    found = []
    for place, mine in by_place.items():
        mine.sort(key=lambda doubt: (not doubt.is_likely, -doubt.score))
        more = f"; and {len(mine) - SHOWN} more" if len(mine) > SHOWN else ""
        reason = "; ".join(doubt.reason for doubt in mine[:SHOWN]) + more
        found.append(
            FoundItem(
                FindingKind.REGIONS, int(look.items.ids[place]), round(mine[0].score, 4), reason,
                is_likely=mine[0].is_likely,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (not one.is_likely, -one.score, one.item_id))
