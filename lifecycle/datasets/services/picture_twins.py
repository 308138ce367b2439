"""Crops and other copies among pictures, found ahead of the commit: what came since is compared with what was there.

`Dataset.compared_to` says up to which print all pairs are known. A pair is kept as a PictureTwin, and splits by policy
join the two (services.splits), so that a commit reads pairs and no pictures. Decision 021.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from lifecycle.datasets.models import Dataset

AT_ONCE, FEW = 500, 100  # new pictures; few where somebody waits for so many seconds only
LOOKS_AT_ONCE = 100  # thumbnails laid over each other, close to a second
KNOWN_AT_ONCE = 20_000  # of those before, 13 MB
MAX_CANDIDATES = 8  # laid over each new picture, the nearest hashes first
Pair = tuple[int, int, float]  # print, earlier print, likeness


@dataclass(frozen=True)
class PictureSearch:
    """How prints are compared: the engine's `picture_prints.find_candidates`, and the likeness of two thumbnails, 0
    where they do not agree."""

    find_candidates: Callable[[Any, Any], tuple[Any, Any, Any]]
    compare: Callable[[bytes, bytes], float]


@dataclass(frozen=True)
class _Prints:
    ids: NDArray[np.int64]
    views: NDArray[np.uint64]  # [prints, views]


def compare_pictures(
    *,
    dataset: Dataset,
    search: PictureSearch,
    recording: Callable[[], AbstractContextManager],
    report: Callable[[float, str], None],
    most: int | None = None,
    seconds: float | None = None,
) -> int:
    """Find the pairs of every picture that is there and was not compared yet, or of `most` of them, or of as many as
    `seconds` let begin; returns how many were. What comes meanwhile is left for the next time.

    Each batch is a transaction of `recording`. Two jobs may compare at once: a pair is kept once, and who comes second
    goes on where the other one is.
    """
    done, start = 0, time.monotonic()
    left, last = _count_left(dataset)
    while left and (most is None or done < most) and (seconds is None or time.monotonic() - start < seconds):
        report(done / left, f"Compared {done:,} of {left:,} new pictures with those before")
        dataset.refresh_from_db(fields=["compared_to"])
        new = _read_prints(dataset, dataset.compared_to, last, AT_ONCE if seconds is None else FEW)
        if not len(new.ids):
            break
        pairs = _find_pairs(dataset, new, search, report, done / left)
        with recording():
            _record_pairs(dataset, new, pairs)
        done += len(new.ids)
    return done


def _count_left(dataset: Dataset) -> tuple[int, int]:
    """How many prints were not compared yet, and the last of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), coalesce(max(p.id), 0)
               FROM datasets_pictureprint p JOIN datasets_dataset d ON d.id = p.dataset_id
               WHERE p.dataset_id = %s AND p.id > d.compared_to""",
            [dataset.pk],
        )
        left, last = cursor.fetchone()
        return left, last


def _read_prints(dataset: Dataset, above: int, upto: int, limit: int) -> _Prints:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(array_agg(id ORDER BY id), '{}'), coalesce(string_agg(views, ''::bytea ORDER BY id), '')
               FROM (SELECT id, views FROM datasets_pictureprint
                     WHERE dataset_id = %s AND id > %s AND id <= %s ORDER BY id LIMIT %s) slice""",
            [dataset.pk, above, upto, limit],
        )
        ids, packed = cursor.fetchone()
    views = np.frombuffer(bytes(packed), "<u8").astype(np.uint64)
    return _Prints(np.array(ids, np.int64), views.reshape(len(ids), -1) if ids else np.empty((0, 1), np.uint64))


def _read_earlier(dataset: Dataset, last: int) -> Iterator[_Prints]:
    """All prints up to `last`, slice by slice."""
    above = 0
    while len((known := _read_prints(dataset, above, last, KNOWN_AT_ONCE)).ids):
        yield known
        above = int(known.ids[-1])


def _find_pairs(
    dataset: Dataset, new: _Prints, search: PictureSearch, report: Callable[[float, str], None], share: float
) -> list[Pair]:
    found = []
    for known in _read_earlier(dataset, int(new.ids[-1])):
        report(share, "Comparing new pictures with those before")
        rows, places, bits = search.find_candidates(new.views, known.views)
        is_earlier = known.ids[places] < new.ids[rows]
        found.append(np.stack([rows, known.ids[places], bits.astype(np.int64)])[:, is_earlier])
    rows, others, bits = np.concatenate(found, axis=1)
    order = np.lexsort((others, bits, rows))
    rows, others = rows[order], others[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    candidates = zip(new.ids[rows[rank < MAX_CANDIDATES]].tolist(), others[rank < MAX_CANDIDATES].tolist(), strict=True)
    check = partial(report, share, "Looking closer at pictures that may be copies")
    return list(_confirm(list(candidates), search, check))


def _confirm(candidates: Sequence[tuple[int, int]], search: PictureSearch, check: Callable[[], None]) -> Iterator[Pair]:
    """Those that the thumbnails agree on; `check` is called before every few looks, and may raise."""
    wanted = {print_ for pair in candidates for print_ in pair}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, thumbnail FROM datasets_pictureprint WHERE id = ANY(%s)", [list(wanted)])
        thumbnails = {print_: bytes(thumbnail) for print_, thumbnail in cursor.fetchall()}
    for n, (mine, other) in enumerate(candidates):
        if n % LOOKS_AT_ONCE == 0:
            check()
        likeness = search.compare(thumbnails[other], thumbnails[mine])
        if likeness > 0:
            yield mine, other, likeness


def _record_pairs(dataset: Dataset, new: _Prints, pairs: Sequence[Pair]) -> None:
    """Keep the pairs and how far it got; where a pair is on two sides, the next version looks at the splits anew."""
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    if locked.compared_to >= int(new.ids[-1]):
        return
    locked.compared_to = int(new.ids[-1])
    columns = [list(column) for column in zip(*pairs, strict=True)] or [[], [], []]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH fresh AS (
                   SELECT greatest(a.item_id, b.item_id) AS item, least(a.item_id, b.item_id) AS other, likeness
                   FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS pair (mine, theirs, likeness)
                   JOIN datasets_pictureprint a ON a.id = mine JOIN datasets_pictureprint b ON b.id = theirs
               ), kept AS (
                   INSERT INTO datasets_picturetwin (dataset_id, item_id, other_id, likeness)
                   SELECT %s, item, other, likeness FROM fresh ON CONFLICT (item_id, other_id) DO NOTHING
               )
               SELECT EXISTS (SELECT 1 FROM fresh JOIN datasets_item i ON i.id = item
                              JOIN datasets_item o ON o.id = other WHERE i.split <> o.split)""",
            [*columns, dataset.pk],
        )
        locked.splits_are_stale |= cursor.fetchone()[0]
    locked.save(update_fields=["compared_to", "splits_are_stale", "updated_at"])


def read_twins(dataset: Dataset, last: int) -> dict[int, list[str | int]]:
    """{item above `last`: for each picture that it is a copy of, the split of one up to `last`, or its id}, the most
    alike first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT twin.item_id, CASE WHEN other.id <= %s THEN other.split END, other.id
               FROM datasets_picturetwin twin JOIN datasets_item other ON other.id = twin.other_id
               WHERE twin.dataset_id = %s AND twin.item_id > %s ORDER BY twin.item_id, likeness DESC, other.id""",
            [last, dataset.pk, last],
        )
        found: dict[int, list[str | int]] = {}
        for item, split, other in cursor.fetchall():
            found.setdefault(item, []).append(split or other)
    return found


def find_copied(dataset: Dataset, item_ids: Sequence[int]) -> set[int]:
    """Which of the items are a copy of another picture, or have one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT item_id, other_id FROM datasets_picturetwin
               WHERE dataset_id = %s AND (item_id = ANY(%s) OR other_id = ANY(%s))""",
            [dataset.pk, list(item_ids), list(item_ids)],
        )
        return {item for pair in cursor.fetchall() for item in pair} & set(item_ids)
