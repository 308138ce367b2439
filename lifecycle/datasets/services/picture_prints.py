"""Prints of pictures, by which crops are found, beside the items as they come in."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from lifecycle.datasets.models import Dataset

VIEWS_BYTES = 80 * 8  # of engines.ingest.picture_prints; the thumbnail is behind them
_INSERT = f"""
    INSERT INTO datasets_pictureprint (item_id, dataset_id, views, thumbnail)
    SELECT item, %s, substr(packed, 1, {VIEWS_BYTES}), substr(packed, {VIEWS_BYTES} + 1)
    FROM unnest(%s::bigint[], %s::bytea[]) WITH ORDINALITY AS new (item, packed, place) ORDER BY place
    ON CONFLICT (item_id) DO NOTHING"""


def store_prints(cursor, dataset: Dataset, item_ids: pa.Array, prints: pa.ChunkedArray) -> None:
    """Keep the prints of new items. Call with the items locked, after they were written.

    Where every picture before was looked at, and every new one too, `Dataset.viewed_to` goes along: there is nothing
    to make up for.
    """
    if prints.null_count == len(prints):
        return
    write_prints(cursor, dataset.pk, list(zip(item_ids.to_pylist(), prints.to_pylist(), strict=True)))
    if prints.null_count == 0:
        cursor.execute(
            """UPDATE datasets_dataset SET viewed_to = %s WHERE id = %s AND viewed_to >= coalesce(
               (SELECT max(id) FROM datasets_item WHERE dataset_id = %s AND id < %s), 0)""",
            [item_ids[-1].as_py(), dataset.pk, dataset.pk, item_ids[0].as_py()],
        )


def write_prints(cursor, dataset_id: int, prints: Sequence[tuple[int, bytes | None]]) -> None:
    """(item, print as the engine packs it); an empty one says that there is none. Call with the items locked."""
    found = [(pk, packed) for pk, packed in prints if packed]
    if found:
        cursor.execute(_INSERT, [dataset_id, [pk for pk, _ in found], [packed for _, packed in found]])
