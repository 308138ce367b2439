"""Split policies: which split an item that is in no version yet belongs to. Pure; old items never pass through here.

Items that share a group or are near-duplicates are one unit and stay on one side, whatever the policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lifecycle.datasets.rules import SPLITS, check_ratios, choose_split, compute_point

RATIO, STRATIFIED, GROUP, TIME, FIXED = KINDS = ("ratio", "stratified", "group", "time", "fixed")
LAST = "\U0010ffff"  # a boundary that nothing reaches
EVENT_TIME = "@event_time"  # as `column`: the moment that an item is of, whatever kind it is
TITLES = {
    RATIO: "By share",
    STRATIFIED: "By share within each class",
    GROUP: "By share of whole groups",
    TIME: "By time: oldest train, newest test",
    FIXED: "Fixed test set: new items only train or validate",
}


@dataclass(frozen=True)
class SplitPolicy:
    """`column` is a table's column that holds the group or the time, or EVENT_TIME; empty: the item's group, or when it
    came in. An item without a time counts as the oldest: it trains, and stays there when it gets one later.

    `boundaries` are the times from which validation and test begin, settled with the first version as `formats` are:
    how the column's dates are read (`contracts.moments`). `unread` counts items whose time cannot be read and gives
    examples; `kept_out` those that an import gave to a fixed test set too late.
    """

    kind: str = RATIO
    column: str = ""
    boundaries: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    unread: int = 0
    unread_cells: tuple[str, ...] = ()
    kept_out: int = 0

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> SplitPolicy:
        """A policy stored as JSON; nothing means by share."""
        kind = raw.get("kind") or RATIO
        return cls(
            kind if kind in KINDS else RATIO,
            str(raw.get("column") or ""),
            tuple(raw.get("boundaries") or ()),
            tuple(raw.get("formats") or ()),
            int(raw.get("unread") or 0),
            tuple(raw.get("unread_cells") or ()),
            int(raw.get("kept_out") or 0),
        )

    def to_json(self) -> dict[str, Any]:
        """As it is stored; what there is nothing to say of is left out."""
        said = {"formats": self.formats, "unread": self.unread, "unread_cells": self.unread_cells,
                "kept_out": self.kept_out}  # fmt: skip
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items() if value}
        return {"kind": self.kind, "column": self.column, "boundaries": list(self.boundaries)} | kept

    def describe(self) -> str:
        """Its title, and the column that it goes by."""
        where = "the date of the item" if self.column == EVENT_TIME else f"“{self.column}”"
        return f"{TITLES[self.kind]} ({where})" if self.column else TITLES[self.kind]

    def list_notes(self) -> list[str]:
        """What people should know of items that did not fall as one might think, a sentence each."""
        notes = []
        if self.unread:
            shown = ", ".join(f"“{cell}”" for cell in self.unread_cells) or "empty cells"
            without = f"a readable time in “{self.column}”: {self.unread:,} ({shown})"
            if self.column == EVENT_TIME:
                without = f"a date of their own: {self.unread:,}"
            notes.append(f"Items without {without}. They count as the oldest and train.")
        if self.kept_out:
            notes.append(
                f"Items that an import gave to the test set after it was fixed: {self.kept_out:,}. They went to train "
                "or validation."
            )
        return notes


@dataclass(frozen=True)
class Newcomer:
    """An item that is in no version. `near` is the split of an older near-duplicate, or the place of an earlier one
    among the newcomers; `alike` says the same of every picture that this one is a copy or a part of. `time` sorts as
    text: ISO 8601, or a number padded by `sort_key`."""

    key: str
    group: str = ""
    given: str = ""
    label: str | None = None
    time: str = ""
    near: str | int | None = None
    alike: tuple[str | int, ...] = ()


@dataclass
class Unit:
    """Items that stay together; `split` is empty until it is decided."""

    places: list[int]
    key: str
    split: str = ""
    label: str | None = None
    time: str = ""


@dataclass(frozen=True)
class Settled:
    """What older items say: where groups are, and how many items of each (label, split) there are."""

    groups: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[tuple[str | None, str], int] = field(default_factory=dict)
    is_first: bool = True  # there is no version yet


def assign(
    items: Sequence[Newcomer], policy: SplitPolicy, ratios: Mapping[str, float], seed: int, settled: Settled
) -> tuple[list[str], SplitPolicy]:
    """The split of each item, and the policy with its boundaries once they are settled.

    The same items give the same splits in any order. What an older item of the unit says comes first, then what was
    given with the import, then the policy. A fixed test set takes nothing that an import gives to it after the first
    version.
    """
    shares = check_ratios(ratios)
    late = 0
    if policy.kind == FIXED and not settled.is_first:
        late = sum(item.given == "test" for item in items)
        items = [replace(item, given="") if item.given == "test" else item for item in items] if late else items
    units = build_units(items, settled.groups)
    open_units = sorted(
        (unit for unit in units if not unit.split), key=lambda unit: (compute_point(unit.key, seed), unit.key)
    )
    if policy.kind in (STRATIFIED, GROUP):
        _spread(open_units, units, shares, settled, by_label=policy.kind == STRATIFIED)
    elif policy.kind == TIME:
        policy = _cut_by_time(open_units, policy, shares)
    else:
        if policy.kind == FIXED and _has_test(units, settled):
            shares = check_ratios({**shares, "test": 0})
        for unit in open_units:
            unit.split = choose_split(unit.key, shares, seed)
    if policy.kind != TIME and (policy.kind != RATIO or any(item.group for item in items)):
        _fill_empty(open_units, units, shares, settled)
    splits = [""] * len(items)
    for unit in units:
        for place in unit.places:
            splits[place] = unit.split
    return splits, replace(policy, kept_out=policy.kept_out + late) if late else policy


def build_units(items: Sequence[Newcomer], groups: Mapping[str, str]) -> list[Unit]:
    """Items joined by group or near-duplication; `split` is set where older items or the import decide it."""
    parents = list(range(len(items)))

    def find(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first_of: dict[str, int] = {}
    for place, item in enumerate(items):
        if item.group:
            parents[find(place)] = find(first_of.setdefault(item.group, place))
        for twin in (item.near, *item.alike):
            if isinstance(twin, int):
                parents[find(place)] = find(twin)
    members: dict[int, list[int]] = {}
    for place in range(len(items)):
        members.setdefault(find(place), []).append(place)
    return [_describe_unit(items, places, groups) for places in members.values()]


def _describe_unit(items: Sequence[Newcomer], places: list[int], groups: Mapping[str, str]) -> Unit:
    found = sorted((items[place] for place in places), key=lambda item: item.key)
    labels = Counter(item.label for item in found if item.label is not None)
    names = sorted({item.group for item in found if item.group})
    choices = [
        *(groups[name] for name in names if name in groups),
        *(twin for item in found for twin in (item.near, *item.alike) if isinstance(twin, str)),
        *(item.given for item in found if item.given),
    ]
    return Unit(
        places=places,
        key=f"group:{names[0]}" if names else found[0].key,
        split=choices[0] if choices else "",
        label=min(labels, key=lambda label: (-labels[label], label)) if labels else None,
        time=max(item.time for item in found),
    )


def _spread(
    open_units: Iterable[Unit], units: Iterable[Unit], shares: Mapping[str, float], settled: Settled, *, by_label: bool
) -> None:
    """Each unit goes to the split that is furthest below its share of the items, old ones too: of those of its class,
    or of all, so that a few large groups still come close to the shares."""
    counts: Counter[tuple[str | None, str]] = Counter()
    for (label, split), count in settled.counts.items():
        counts[label if by_label else None, split] += count
    for unit in units:
        if unit.split:
            counts[unit.label if by_label else None, unit.split] += len(unit.places)
    for unit in open_units:
        label = unit.label if by_label else None
        total = sum(counts[label, split] for split in SPLITS) + len(unit.places)
        wanted = {split: shares[split] * total - counts[label, split] for split in SPLITS if shares[split] > 0}
        unit.split = max(wanted, key=lambda split: (wanted[split], shares[split], split))
        counts[label, unit.split] += len(unit.places)


def _fill_empty(
    open_units: Sequence[Unit], units: Sequence[Unit], shares: Mapping[str, float], settled: Settled
) -> None:
    """A split that is to have items and would have none gets a whole unit from the largest that keeps another: with
    few groups chance alone leaves a model without anything to test it on."""
    sizes = {split: sum(count for (_, at), count in settled.counts.items() if at == split) for split in SPLITS}
    for unit in units:
        sizes[unit.split] += len(unit.places)
    total = sum(sizes.values())
    for split in SPLITS:
        if sizes[split] or not shares[split]:
            continue
        free = [unit for unit in open_units if len(unit.places) < sizes[unit.split]]
        largest = max((sizes[unit.split] for unit in free), default=0)
        donors = [unit for unit in free if sizes[unit.split] == largest]
        if donors:
            moved = min(donors, key=lambda unit: abs(len(unit.places) - shares[split] * total))
            sizes[moved.split] -= len(moved.places)
            moved.split, sizes[split] = split, len(moved.places)


def _cut_by_time(open_units: Sequence[Unit], policy: SplitPolicy, shares: Mapping[str, float]) -> SplitPolicy:
    """The oldest train, the newest test, in shares of those that have a time; what has none trains. Boundaries stay
    once settled: a later item never lands in an earlier split."""
    times = sorted(unit.time for unit in open_units if unit.time for _ in unit.places)
    if not policy.boundaries and times:
        starts = [round(share * len(times)) for share in (shares["train"], shares["train"] + shares["validation"])]
        edges = [times[start] if start < len(times) else LAST for start in starts]
        policy = replace(policy, boundaries=tuple(edges))
    validation, test = policy.boundaries or (LAST, LAST)
    for unit in open_units:
        is_early = not unit.time or unit.time < validation
        unit.split = "train" if is_early else "validation" if unit.time < test else "test"
    return policy


def _has_test(units: Iterable[Unit], settled: Settled) -> bool:
    return not settled.is_first or any(unit.split == "test" for unit in units)


_NINES_LESS = str.maketrans("0123456789", "9876543210")


def sort_key(value: Any) -> str:
    """A time or number as text that sorts as the value does; empty, the oldest, for nothing."""
    if value is None or value == "":
        return ""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    # of the same length, digits sort as numbers do; negative ones the other way round
    return f"1{number:030.9f}" if number >= 0 else "0" + f"{-number:030.9f}".translate(_NINES_LESS)
