"""What a worker reads: items that have no vector yet, and all vectors as an array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection

from lifecycle.contracts.embeddings import Content
from lifecycle.datasets.models import Item
from lifecycle.embeddings.models import Encoder

SAMPLE = 5_000
COPY_HEADER_BYTES = 19  # signature, flags, length of the extension: none of which a plain COPY varies
_MISSING = """
SELECT i.id, i.blob, i.text, i."row" FROM datasets_item i
WHERE i.dataset_id = %s AND i.id > %s AND NOT EXISTS (
    SELECT 1 FROM embeddings_vector v WHERE v.encoder_id = %s AND v.item_id = i.id)
ORDER BY i.id LIMIT %s
"""


def iterate_missing(encoder: Encoder, *, batch: int, find_file: Callable[[str], Path]) -> Iterator[list[Content]]:
    """Batches of items that have no row of this encoder, in the order they came; `find_file` makes a blob a path."""
    last, kind = 0, encoder.dataset.item_kind
    items = Item.objects.raw
    while rows := list(items(_MISSING, [encoder.dataset_id, last, encoder.pk, batch])):
        last = rows[-1].pk
        yield [Content(item.pk, _read(item, kind, find_file)) for item in rows]


def _read(item: Item, kind: str, find_file: Callable[[str], Path]) -> Any:
    if kind == "image":
        return find_file(item.blob) if item.blob else None
    return item.text if kind == "text" else item.row


def sample_values(encoder: Encoder) -> list[Any]:
    """Rows of the dataset for an encoder to learn its scales from, spread over it evenly and the same each time."""
    rows = Item.objects.filter(dataset=encoder.dataset_id, row__isnull=False, excluded_at=None)
    return list(rows.order_by("content_hash").values_list("row", flat=True)[:SAMPLE])


def export_vectors(encoder: Encoder, target: Path) -> np.ndarray:
    """Write the vectors of all items that count as float16 [n, dimension] to `target`; returns their item ids, sorted.

    Rows are of one size in COPY's binary form, so that they are read as one array.
    """
    raw = target.with_suffix(".copy")
    statement = f"""COPY (
        SELECT v.item_id, v.embedding FROM embeddings_vector v JOIN datasets_item i ON i.id = v.item_id
        WHERE v.encoder_id = {int(encoder.pk)} AND v.embedding IS NOT NULL AND i.excluded_at IS NULL
        ORDER BY v.item_id) TO STDOUT (FORMAT binary)"""
    with connection.cursor() as cursor, open(raw, "wb") as out, cursor.copy(statement) as copy:
        for block in copy:
            out.write(block)
    record = np.dtype(
        [("head", "S6"), ("item", ">i8"), ("head2", "S8"), ("vector", ">f2", (encoder.dimension,))]
    )  # fields and length; id; length, dimension, unused; numbers
    count = (raw.stat().st_size - COPY_HEADER_BYTES) // record.itemsize
    if count:
        rows = np.memmap(raw, dtype=record, mode="r", offset=COPY_HEADER_BYTES, shape=(count,))
        ids, vectors = np.array(rows["item"], dtype=np.int64), rows["vector"].astype("<f2")
    else:
        ids, vectors = np.zeros(0, np.int64), np.zeros((0, encoder.dimension), "<f2")
    np.save(target, vectors)
    raw.unlink()
    return ids


def read_names(encoder: Encoder, item_ids: np.ndarray) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """(labels, words) aligned with the ids, to name clusters by; no words for pictures."""
    kind = encoder.dataset.item_kind
    content = {"text": "text", "row": "row"}.get(kind)
    rows = Item.objects.filter(dataset=encoder.dataset_id).order_by()
    found = {pk: rest for pk, *rest in rows.values_list("pk", "label", *([content] if content else [])).iterator()}
    labels = tuple(found[pk][0] for pk in item_ids.tolist())
    if not content:
        return labels, ()
    return labels, tuple(_say(found[pk][1]) for pk in item_ids.tolist())


def _say(content: Any) -> str:
    """A text's beginning; of a row its categories, each with its column, as one word."""
    if isinstance(content, str):
        return content[:600]
    pairs = (content or {}).items()
    return " ".join(f"{name}-{value}".replace(" ", "-") for name, value in pairs if isinstance(value, str))
