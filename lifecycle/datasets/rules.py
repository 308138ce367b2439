"""How items fall into splits: pure functions of content, group and seed, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SPLITS = ("train", "validation", "test")
DEFAULT_RATIOS = {"train": 0.8, "validation": 0.1, "test": 0.1}
HASH_RANGE = 1 << 64
SMALL_SET_MINIMUM = 10  # so many labeled items a split gets where chance alone would give it fewer
SMALL_SET_FROM = 5  # labeled items below which nothing is moved


@dataclass(frozen=True)
class Candidate:
    """A labeled item that may still change its split."""

    key: str
    label: str
    split: str


def check_ratios(ratios: Mapping[str, float]) -> dict[str, float]:
    """The three shares, normalized to a sum of one. ValueError with a sentence when they make no sense."""
    shares = {split: float(ratios.get(split) or 0) for split in SPLITS}
    if any(not 0 <= share <= 100 for share in shares.values()) or shares["train"] <= 0:
        raise ValueError("Each share is a number from 0 to 100, and train needs more than 0.")
    total = sum(shares.values())
    return {split: share / total for split, share in shares.items()}


def compute_point(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on nothing but key and seed."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / HASH_RANGE


def choose_split(key: str, ratios: Mapping[str, float], seed: int) -> str:
    """The split of one key. Test lies first on the line, so that a larger share only ever adds to it."""
    point = compute_point(key, seed)
    test, validation = ratios.get("test", 0.0), ratios.get("validation", 0.0)
    if point < test:
        return "test"
    return "validation" if point < test + validation else "train"


def assign_splits(
    items: Iterable[tuple[str, str | None, str | None]],
    *,
    ratios: Mapping[str, float],
    seed: int,
    group_splits: Mapping[str, str] | None = None,
) -> list[str]:
    """One split per (content hash, group, given split).

    A group stays together: it goes where it already is (`group_splits`), else where its first given split says,
    else where the hash of its name falls. Without a group a given split wins, else the hash of the content decides.
    """
    known = dict(group_splits or {})
    rows = list(items)
    for _, group, given in rows:
        if group and given:
            known.setdefault(group, given)
    splits = []
    for content_hash, group, given in rows:
        if group:
            if group not in known:
                known[group] = choose_split(f"group:{group}", ratios, seed)
            splits.append(known[group])
        else:
            splits.append(given or choose_split(content_hash, ratios, seed))
    return splits


def settle_new_groups(
    known: Mapping[str, str], groups: Sequence[str | None], near: Sequence[str | int | None]
) -> dict[str, str]:
    """`known` group splits, and for groups not seen before the split of a near-duplicate that one of theirs has.

    `near` holds per item the split of an earlier near-duplicate, or its place among these items, or None.
    """
    settled = dict(known)
    for group, found in zip(groups, near, strict=True):
        if group and isinstance(found, str):
            settled.setdefault(group, found)
    return settled


def follow_near_duplicates(
    splits: Sequence[str], is_settled: Sequence[bool], near: Sequence[str | int | None]
) -> list[str]:
    """Each item goes where its earlier near-duplicate is, unless its group or what it was given says otherwise.

    `near` as in `settle_new_groups`; places point to earlier items only, so that one pass is enough.
    """
    chosen = list(splits)
    for place, found in enumerate(near):
        if found is not None and not is_settled[place]:
            chosen[place] = found if isinstance(found, str) else chosen[found]
    return chosen


def are_parted(splits: Sequence[str], given: Sequence[str], near: Sequence[str | int | None]) -> bool:
    """Whether a group drew some item away from its near-duplicate; the next version joins what is in none yet. What was
    given with the import stays where it was given."""
    return any(
        found is not None and not given[place] and splits[place] != (found if isinstance(found, str) else splits[found])
        for place, found in enumerate(near)
    )


def top_up_small_splits(candidates: Sequence[Candidate], counts: Mapping[str, int], ratios: Mapping[str, float],
                        seed: int) -> dict[str, str]:  # fmt: skip
    """Moves, key -> split, that give validation and test a few labeled items where chance gave them too few.

    `candidates` are the labeled items that were in no version yet and have no group and no given split; `counts` all
    labeled items per split. The last training item of a class is never taken.
    """
    total = sum(counts.values())
    if total < SMALL_SET_FROM:
        return {}
    line = sorted((c for c in candidates if c.split == "train"), key=lambda c: compute_point(c.key, seed))
    left = _count_labels(line)
    moves: dict[str, str] = {}
    for split in ("test", "validation"):
        wanted = _wanted(ratios.get(split, 0.0), total) - counts.get(split, 0)
        for candidate in line:
            if wanted <= 0:
                break
            if candidate.key not in moves and left[candidate.label] > 1:
                moves[candidate.key] = split
                left[candidate.label] -= 1
                wanted -= 1
    return moves


def _wanted(ratio: float, total: int) -> int:
    return min(SMALL_SET_MINIMUM, max(1, round(ratio * total))) if ratio > 0 else 0


def _count_labels(candidates: Iterable[Candidate]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for candidate in candidates:
        counts[candidate.label] = counts.get(candidate.label, 0) + 1
    return counts
