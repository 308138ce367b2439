"""Fingerprints and prints for texts and pictures that came in without: bounded pieces, which the clock begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from django.db import connection

from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services.loading import lock_items
from lifecycle.datasets.services.picture_prints import write_prints

AT_ONCE = 500  # items of one transaction
MOST = {"text": 20_000, "image": 5_000}  # of one job, about a minute
Content = tuple[str, str]  # blob, text: one of them is empty
PrintPictures = Callable[[Sequence[str]], list[bytes]]  # blobs in
PrintContents = Callable[[Sequence[Content]], list[int | None]]
_UNPRINTED = """
    SELECT id, blob, text FROM datasets_item
    WHERE dataset_id = %s AND id > %s AND fingerprint IS NULL AND "row" IS NULL
    ORDER BY id LIMIT %s"""  # the condition of the index item_unprinted_content
_UNVIEWED = """
    SELECT item.id, CASE WHEN print.id IS NULL THEN item.blob ELSE '' END
    FROM datasets_item item LEFT JOIN datasets_pictureprint print ON print.item_id = item.id
    WHERE item.dataset_id = %s AND item.id > %s ORDER BY item.id LIMIT %s"""


def fill_content_prints(
    *,
    dataset: Dataset,
    print_contents: PrintContents,
    recording: Callable[[], AbstractContextManager],
    report: Callable[[float, str], None],
) -> int:
    """Give texts and pictures without a fingerprint theirs, the oldest first; returns how many now have one.

    Each batch is a transaction of `recording`, and `Dataset.printed_to` says how far it got: what has none for good,
    such as an empty text, is tried once. What is in no version is then split anew, as after fill_row_prints.
    """
    tried = filled = 0
    most = MOST.get(dataset.item_kind, 0)
    while tried < most:
        report(tried / most, f"Compared {tried:,} items of earlier imports")
        with recording(), connection.cursor() as cursor:
            lock_items(cursor, dataset.pk)
            cursor.execute(_UNPRINTED, [dataset.pk, dataset.printed_to, AT_ONCE])
            rows = cursor.fetchall()
            if not rows:
                break
            prints = print_contents([(blob, text) for _, blob, text in rows])
            known = [(pk, value) for (pk, _, _), value in zip(rows, prints, strict=True) if value is not None]
            _write(cursor, known)
            dataset.printed_to = rows[-1][0]
            changes = {"splits_are_stale": True} if known else {}
            Dataset.objects.filter(pk=dataset.pk).update(printed_to=dataset.printed_to, **changes)
        tried, filled = tried + len(rows), filled + len(known)
    return filled


def fill_picture_prints(
    *,
    dataset: Dataset,
    print_pictures: PrintPictures,
    recording: Callable[[], AbstractContextManager],
    report: Callable[[float, str], None],
    most: int = MOST["image"],
) -> int:
    """Make the prints by which crops are found for pictures that came in without, the oldest first; returns how many
    were looked at. Each batch is a transaction of `recording`, and `Dataset.viewed_to` says how far it got."""
    tried = 0
    while dataset.item_kind == "image" and tried < most:
        dataset.refresh_from_db(fields=["viewed_to"])
        with connection.cursor() as cursor:  # newer items have higher ids, as imports take turns
            cursor.execute(_UNVIEWED, [dataset.pk, dataset.viewed_to, AT_ONCE])
            rows = cursor.fetchall()
        if not rows:
            break
        report(tried / most, f"Looked at {tried:,} pictures of earlier imports")
        wanted = [(pk, blob) for pk, blob in rows if blob]
        packed = print_pictures([blob for _, blob in wanted])
        with recording(), connection.cursor() as cursor:
            lock_items(cursor, dataset.pk)
            write_prints(cursor, dataset.pk, [(pk, found) for (pk, _), found in zip(wanted, packed, strict=True)])
            Dataset.objects.filter(pk=dataset.pk, viewed_to__lt=rows[-1][0]).update(viewed_to=rows[-1][0])
        tried += len(wanted)
    return tried


def _write(cursor, prints: Sequence[tuple[int, int]]) -> None:
    cursor.execute(
        """UPDATE datasets_item AS item SET fingerprint = new.fingerprint
           FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, fingerprint) WHERE item.id = new.id""",
        [[pk for pk, _ in prints], [value for _, value in prints]],
    )
