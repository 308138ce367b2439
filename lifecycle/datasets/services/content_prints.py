"""Fingerprints for texts and pictures that came in before theirs had any: bounded pieces, which the clock begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from django.db import connection

from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services.loading import lock_items

AT_ONCE = 500  # items of one transaction
MOST = {"text": 20_000, "image": 5_000}  # of one job, about a minute
Content = tuple[str, str]  # blob, text: one of them is empty
PrintContents = Callable[[Sequence[Content]], list[int | None]]
_UNPRINTED = """
    SELECT id, blob, text FROM datasets_item
    WHERE dataset_id = %s AND id > %s AND fingerprint IS NULL AND "row" IS NULL
    ORDER BY id LIMIT %s"""  # the condition of the index item_unprinted_content


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


def _write(cursor, prints: Sequence[tuple[int, int]]) -> None:
    cursor.execute(
        """UPDATE datasets_item AS item SET fingerprint = new.fingerprint
           FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, fingerprint) WHERE item.id = new.id""",
        [[pk for pk, _ in prints], [value for _, value in prints]],
    )
