"""What leads from one kept region to another: what those who drew both of them say, voted on as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifecycle.annotations.merging.judges import Judge
from lifecycle.annotations.merging.model import HALF, RELATIONS, Part, Reading

Ends = tuple[str, str]
# what one person says of two regions: (from, to, whether both ways, labels) of each relation between them
Saying = tuple[tuple[str, str, bool, tuple[str, ...]], ...]


def settle(
    readings: Sequence[Reading], ids: Mapping[tuple[int, str], str], judge: Judge
) -> Iterator[tuple[dict[str, Any] | None, Part]]:
    """(the relation, or None where it does not stand; what became of it). `ids` name the kept regions.

    Two regions are related where at least half of those who drew both related them, as most of these did; of equals as
    the newest. What an answer says of two regions is voted on as a whole.
    """
    said = {one.answer.annotation: _read(one, ids) for one in readings}
    drawn = {
        one.answer.annotation: {ids.get((one.answer.annotation, region.id)) for region in one.regions}
        for one in readings
    }
    for ends in sorted({ends for sayings in said.values() for ends in sayings}):
        drew = [one.answer for one in readings if drawn[one.answer.annotation].issuperset(ends)]
        weights = {one.annotation: judge.weigh(RELATIONS, one.user) for one in drew}
        votes: dict[Saying, float] = defaultdict(float)
        newest: dict[Saying, int] = {}
        for one in drew:
            saying = said[one.annotation].get(ends, ())
            votes[saying] += weights[one.annotation]
            newest[saying] = one.annotation
        total, silent = sum(weights.values()), votes.pop((), 0.0)
        best = max(votes, key=lambda saying: (round(votes[saying], 9), newest[saying]))
        related = (total - silent) / total
        if related < HALF:
            yield None, Part(RELATIONS, 1 - related, _list(said, ends, best), is_kept=False, said=_describe(best))
            continue
        sure = min(related, votes[best] / (total - silent))
        for place, (source, target, is_mutual, labels) in enumerate(best):
            entry: dict[str, Any] = {"type": "relation", "from_id": source, "to_id": target}
            entry |= {"direction": "bi" if is_mutual else "right", "labels": list(labels)}
            yield entry, Part(RELATIONS, sure, _list(said, ends, best), "", _describe(best[place : place + 1]))


def _read(reading: Reading, ids: Mapping[tuple[int, str], str]) -> dict[Ends, Saying]:
    """{the two regions: what this answer says of them}, by the names of the kept regions."""
    found: dict[Ends, list[tuple[str, str, bool, tuple[str, ...]]]] = defaultdict(list)
    for entry in reading.relations:
        source, target = (ids.get((reading.answer.annotation, entry[end])) for end in ("from_id", "to_id"))
        if source is None or target is None:
            continue
        direction = entry.get("direction", "right")
        if direction == "left" or direction == "bi" and source > target:
            source, target = target, source
        labels = tuple(sorted(entry.get("labels") or []))
        first, second = sorted((source, target))
        found[first, second].append((source, target, direction == "bi", labels))
    return {ends: tuple(sorted(sayings)) for ends, sayings in found.items()}


def _list(said: Mapping[int, Mapping[Ends, Saying]], ends: Ends, saying: Saying) -> tuple[int, ...]:
    return tuple(annotation for annotation, sayings in said.items() if sayings.get(ends) == saying)


def _describe(saying: Saying) -> str:
    return ", ".join(sorted({label for *_, labels in saying for label in labels}))
