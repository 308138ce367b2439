"""Write the label that counts onto items; the annotations room decides which one that is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from django.db import connection

BATCH = 10_000

_WRITE = """
UPDATE datasets_item i
SET label = new.label, label_annotation_id = new.annotation_id,
    labeled_at = CASE WHEN new.label IS NULL THEN NULL ELSE now() END
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS new(item_id, label, annotation_id)
WHERE i.id = new.item_id
"""


def record_labels(*, labels: Iterable[tuple[int, str | None, int | None]]) -> int:
    """Set (item id, label, annotation id); a label of None takes the item's label away. Returns the rows written."""
    source, written = iter(labels), 0
    while batch := list(islice(source, BATCH)):
        ids, names, annotations = (list(column) for column in zip(*batch, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [ids, names, annotations])
            written += cursor.rowcount
    return written
