"""Fingerprints for rows that came in without one: before rows had any, or through a door that makes none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection

from lifecycle.datasets import near_rows
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services.loading import KnownPrints, lock_items

AT_ONCE = 10_000  # rows of one transaction
SAMPLE_ROWS = 2_000  # as many as an import looks at
Row = Mapping[str, Any]
SettleSpreads = Callable[[Mapping[str, float], Mapping[str, Sequence[object]]], dict[str, float]]
PrintRows = Callable[[Mapping[str, float], Sequence[Row]], tuple[list[int], list[bytes | None]]]
_UNPRINTED = """
    SELECT id, "row"::text FROM datasets_item
    WHERE dataset_id = %s AND id > %s AND fingerprint IS NULL AND "row" IS NOT NULL AND blob = ''
    ORDER BY id LIMIT %s"""  # the condition of the index item_unprinted


def fill_row_prints(
    *,
    dataset: Dataset,
    settle_spreads: SettleSpreads,
    print_rows: PrintRows,
    recording: Callable[[], AbstractContextManager],
    report: Callable[[float, str], None],
) -> int:
    """Give every row its fingerprint, the oldest first, as if all came in by one import; returns how many had none.

    Each batch is a transaction of `recording`, so that a killed attempt goes on where it broke off. What is in no
    version is then split anew. The engine's two functions say how wide columns are and what fingerprints rows have.
    """
    if dataset.item_kind != "row" or not _read_unprinted(dataset, 0, 1):
        return 0
    with recording():
        spreads = _settle_spreads(dataset, settle_spreads)
    known, last, filled = KnownPrints(), 0, 0
    while True:
        report(0.0, f"Comparing rows of earlier imports: {filled:,} so far")
        with recording(), connection.cursor() as cursor:
            lock_items(cursor, dataset.pk)
            rows = _read_unprinted(dataset, last, AT_ONCE)
            if not rows:
                return filled
            known.read(cursor, dataset.pk)
            ids = np.array([pk for pk, _ in rows], np.int64)
            prints, near = print_rows(spreads, [row for _, row in rows])
            settled = near_rows.settle_prints(prints, pa.chunked_array([pa.array(near, pa.binary())]), known.prints)
            _write_prints(cursor, ids, settled)
            Dataset.objects.filter(pk=dataset.pk).update(splits_are_stale=True)
        known.add(np.array(settled, np.int64), ids)
        last, filled = int(ids[-1]), filled + len(ids)


def _read_unprinted(dataset: Dataset, last: int, limit: int) -> list[tuple[int, Row]]:
    with connection.cursor() as cursor:
        cursor.execute(_UNPRINTED, [dataset.pk, last, limit])
        return [(pk, json.loads(row)) for pk, row in cursor.fetchall()]


def _settle_spreads(dataset: Dataset, settle_spreads: SettleSpreads) -> dict[str, float]:
    """The widths of the columns of numbers, kept on the dataset; those it has stay. Call within a transaction."""
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    names = [column["name"] for column in locked.columns if column["kind"] == "number"]
    rows = [row for _, row in _read_unprinted(locked, 0, SAMPLE_ROWS)]
    sample = {name: [row.get(name) for row in rows] for name in names}
    locked.spreads = settle_spreads(locked.spreads, sample) | locked.spreads
    locked.save(update_fields=["spreads", "updated_at"])
    return dict(locked.spreads)


def _write_prints(cursor, ids: np.ndarray, prints: Sequence[int | None]) -> None:
    cursor.execute(
        """UPDATE datasets_item AS item SET fingerprint = new.fingerprint
           FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, fingerprint) WHERE item.id = new.id""",
        [ids.tolist(), list(prints)],
    )
