"""Splits by policy, and what of it is applied when: to everything before the first version, to newcomers after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Max

from lifecycle.common.errors import DomainError
from lifecycle.datasets import near_rows, rules, split_times, splitting
from lifecycle.datasets.chunks import connect, name_source
from lifecycle.datasets.models import Dataset, Item
from lifecycle.datasets.near_rows import FindNear
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.datasets.services.picture_twins import find_copied, read_twins
from lifecycle.datasets.splitting import Newcomer, Settled, SplitPolicy
from lifecycle.projects.services import record_event

AT_ONCE = 20_000


def update_splits(
    *, dataset: Dataset, user, ratios: Mapping[str, float], policy: Mapping[str, Any] | None = None
) -> Dataset:
    """New shares for train, validation and test, and how items fall into them. Items of a version never move: after
    the first one this is about newcomers only."""
    try:
        shares = rules.check_ratios(ratios)
    except (TypeError, ValueError) as error:
        raise DomainError(str(error), fields={"train": str(error)}) from None
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
        wanted = _check_policy(locked, policy) if policy is not None else dict(locked.split_policy)
        is_same = wanted == locked.split_policy or _is_plain(wanted) and _is_plain(locked.split_policy)
        if is_same and shares == rules.check_ratios(locked.split_ratios or rules.DEFAULT_RATIOS):
            return locked
        locked.split_ratios, locked.split_policy, locked.splits_are_stale = shares, wanted, True
        locked.save(update_fields=["split_ratios", "split_policy", "splits_are_stale", "updated_at"])
        text = ", ".join(f"{split} {share:.0%}" for split, share in shares.items())
        kind = SplitPolicy.from_json(wanted).kind
        how = "" if kind == splitting.RATIO else f" ({splitting.TITLES[kind].lower()})"
        record_event(project=locked.project, actor=user, verb="dataset.split", summary=f"Set the splits to {text}{how}")
    return locked


def _is_plain(policy: Mapping[str, Any]) -> bool:
    return SplitPolicy.from_json(policy).kind == splitting.RATIO


def _check_policy(dataset: Dataset, raw: Mapping[str, Any]) -> dict[str, Any]:
    if raw.get("kind") not in splitting.KINDS:
        raise DomainError("Choose how items fall into splits.", fields={"kind": "No such policy."})
    policy = SplitPolicy.from_json(raw)
    known = {column["name"] for column in dataset.columns}
    is_event_time = policy.column == splitting.EVENT_TIME and policy.kind == splitting.TIME
    if policy.column and policy.column not in known and not is_event_time:
        raise DomainError(f"There is no column “{policy.column}”.", fields={"column": "No such column."})
    old = SplitPolicy.from_json(dataset.split_policy)
    keeps = (old.kind, old.column) == (policy.kind, policy.column) and dataset.versions.exists()
    return (old if keeps else SplitPolicy(policy.kind, policy.column)).to_json()


def resplit_items(*, dataset: Dataset, find_near: FindNear | None = None) -> int:
    """Give every item that is in no version its split by the dataset's policy; call within the job's transaction.

    By plain share that is done at import, so that there is something to do only after the shares were changed, or
    where chance gave no whole group to a split.
    """
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    policy = SplitPolicy.from_json(locked.split_policy)
    if policy.kind == splitting.RATIO and not locked.splits_are_stale and not _lacks_groups(locked):
        return 0
    last = find_last_settled(locked)
    rows = list(_read_newcomers(locked, policy, last))
    if policy.kind == splitting.TIME:
        times, policy = split_times.read_times(locked, policy, [row[5] for row in rows])
        rows = [(*row[:5], time, *row[6:]) for row, time in zip(rows, times, strict=True)]
    near = _find_near(locked, [row[-1] for row in rows], last, find_near)
    alike = _find_alike(locked, [row[0] for row in rows], last)
    items = [
        Newcomer(
            key=row[1], group=row[2], given=row[3], label=row[4], time=row[5], near=place, alike=alike.get(row[0], ())
        )
        for row, place in zip(rows, near, strict=True)
    ]
    settled = _describe_settled(locked, policy, last, {item.group for item in items if item.group})
    ratios = locked.split_ratios or rules.DEFAULT_RATIOS
    splits, policy = splitting.assign(items, policy, ratios, locked.split_seed, settled)
    moves = {row[0]: split for row, split in zip(rows, splits, strict=True) if split != row[6]}
    if policy.kind != splitting.RATIO:
        locked.split_policy = policy.to_json()
    locked.splits_are_stale = False
    locked.save(update_fields=["splits_are_stale", "split_policy", "updated_at"])
    return write_splits(moves)


def _lacks_groups(dataset: Dataset) -> bool:
    """A split that is to have items has none, and there are groups that could go there."""
    shares = rules.check_ratios(dataset.split_ratios or rules.DEFAULT_RATIOS)
    there = Item.objects.filter(dataset=dataset, excluded_at=None)
    is_filled = all(there.filter(split=split).exists() for split, share in shares.items() if share)
    return not is_filled and there.exclude(group="").exists()


def find_last_settled(dataset: Dataset) -> int:
    """The highest item id there was at the newest version: items above it are in no version. 0 before the first."""
    latest = dataset.versions.order_by("-number").first()
    if latest is None:
        return 0
    if latest.snapshot:
        return int(latest.snapshot["last_item"])
    with connect() as base:
        found = base.execute(f"SELECT coalesce(max(item_id), 0) FROM {name_source(fetch_chunks(latest))}").fetchall()
    return int(found[0][0])


def _read_newcomers(dataset: Dataset, policy: SplitPolicy, last: int):
    """(id, content hash, group, given split, label, time as it stands there, split, fingerprint) of items above
    `last`."""
    by_column = policy.column and policy.kind in (splitting.TIME, splitting.GROUP)
    by_event_time = policy.kind == splitting.TIME and policy.column == splitting.EVENT_TIME
    column = "event_time" if by_event_time else '"row" ->> %s' if by_column else "NULL"
    values = [policy.column] if by_column and not by_event_time else []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id, content_hash, "group", given_split, label, created_at, {column}, split, fingerprint
                FROM datasets_item WHERE dataset_id = %s AND id > %s ORDER BY id""",
            [*values, dataset.pk, last],
        )
        while rows := cursor.fetchmany(AT_ONCE):
            for pk, key, group, given, label, created, cell, split, fingerprint in rows:
                if policy.kind == splitting.GROUP and by_column:
                    group = group or (f"{policy.column}={cell}" if cell else "")
                time = created.isoformat() if not by_column else cell and cell.isoformat() if by_event_time else cell
                yield pk, key, group, given, label, time, split, fingerprint


def _find_near(
    dataset: Dataset, fingerprints: Sequence[int | None], last: int, find_near: FindNear | None
) -> list[str | int | None]:
    find_near = near_rows.choose_search(dataset.item_kind, find_near)
    if find_near is None or all(fingerprint is None for fingerprint in fingerprints):
        return [None] * len(fingerprints)
    known = Item.objects.filter(dataset=dataset, pk__lte=last, fingerprint__isnull=False).order_by("-pk")
    splits = dict(known.values_list("fingerprint", "split"))
    old = np.sort(np.fromiter(splits, dtype=np.int64, count=len(splits)))
    found = find_near(fingerprints, old)
    return [
        place if place is None else splits[int(old[place])] if place < len(old) else int(place) - len(old)
        for place in found
    ]


def _find_alike(dataset: Dataset, item_ids: Sequence[int], last: int) -> dict[int, tuple[str | int, ...]]:
    """{item: as Newcomer.alike says}"""
    twins = read_twins(dataset, last)
    places: dict[str | int, int] = {pk: place for place, pk in enumerate(item_ids)} if twins else {}
    return {
        pk: tuple(places.get(twin, twin) for twin in found if isinstance(twin, str) or twin in places)
        for pk, found in twins.items()
    }


def find_twins(dataset: Dataset, item_ids: Sequence[int], find_near: FindNear | None) -> set[int]:
    """Which of the items have a near-duplicate in the dataset: moving one of them alone would part the two."""
    find_near = near_rows.choose_search(dataset.item_kind, find_near)
    if find_near is None:
        return set()
    printed = Item.objects.filter(dataset=dataset, fingerprint__isnull=False)
    mine = list(printed.filter(pk__in=item_ids).order_by("pk").values_list("pk", "fingerprint"))
    others = printed.exclude(pk__in=item_ids).order_by("fingerprint").values_list("fingerprint", flat=True).distinct()
    old = np.array(list(others) if mine else [], dtype=np.int64)
    twins = find_copied(dataset, item_ids)
    for order in (mine, mine[::-1]):  # an earlier one is found, whichever way round they stand
        places = find_near([print_ for _, print_ in order], old)
        twins |= {pk for (pk, _), place in zip(order, places, strict=True) if place is not None}
    return twins


def _describe_settled(dataset: Dataset, policy: SplitPolicy, last: int, groups: set[str]) -> Settled:
    old = Item.objects.filter(dataset=dataset, pk__lte=last).order_by()
    known: dict[str, str] = {}
    if last and groups:
        known = dict(old.filter(group__in=groups).values_list("group", "split").annotate(first=Max("pk")).values_list(
            "group", "split"))  # fmt: skip
        if policy.kind == splitting.GROUP and policy.column:
            cells = old.filter(**{f"row__{policy.column}__isnull": False}).values_list(f"row__{policy.column}", "split")
            known = {f"{policy.column}={cell}": split for cell, split in cells.distinct()} | known
    counts: dict[tuple[str | None, str], int] = {}
    if last and policy.kind != splitting.TIME:
        found = old.filter(excluded_at=None).values_list("label", "split").annotate(n=Count("pk"))
        counts = {(label, split): n for label, split, n in found}
    return Settled(known, counts, is_first=not dataset.versions.exists())


def write_splits(splits: Mapping[int, str]) -> int:
    """Write item id -> split; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE datasets_item AS item SET split = new.split
               FROM unnest(%s::bigint[], %s::text[]) AS new (id, split) WHERE item.id = new.id""",
            [list(splits), list(splits.values())],
        )
        return cursor.rowcount
