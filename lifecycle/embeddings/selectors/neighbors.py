"""The nearest items to an item, a sentence or a picture, through the encoder's HNSW index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from lifecycle.datasets.models import Item
from lifecycle.embeddings.models import Encoder, Search, Vector

SHOWN = 24
MOST = 200
BREADTH = 120  # candidates the index keeps in view: recall above 0.95 against exact search


@dataclass(frozen=True)
class Neighbor:
    """`similarity` is the cosine for vectors that are directions; None where only the distance means something."""

    item: Item
    distance: float
    similarity: float | None


def list_like_item(encoder: Encoder, item: Item, *, limit: int = SHOWN) -> list[Neighbor] | None:
    """The items most like this one; None when it has no vector of this encoder."""
    row = Vector.objects.filter(encoder=encoder, item_id=item.pk, embedding__isnull=False).first()
    return list_nearest(encoder, row.embedding, limit=limit, without=item.pk) if row else None


def list_like_search(search: Search, *, limit: int = SHOWN) -> list[Neighbor] | None:
    """The items most like a sentence or picture; None while it is not encoded."""
    return list_nearest(search.encoder, search.embedding, limit=limit) if search.embedding is not None else None


def list_nearest(
    encoder: Encoder, vector: Any, *, limit: int = SHOWN, without: int = 0, is_exact: bool = False
) -> list[Neighbor]:
    """The nearest items that are not excluded, nearest first. `is_exact` looks at every vector."""
    rows = find_nearest(encoder, vector, limit=limit, without=without, is_exact=is_exact)
    items = Item.objects.filter(dataset=encoder.dataset_id).in_bulk([item_id for item_id, _ in rows])
    return [
        Neighbor(items[item_id], distance, 1 - distance**2 / 2 if encoder.is_direction else None)
        for item_id, distance in rows
        if item_id in items
    ]


def find_nearest(
    encoder: Encoder, vector: Any, *, limit: int, without: int = 0, is_exact: bool = False
) -> list[tuple[int, float]]:
    """(item id, L2 distance) of the nearest."""
    if not encoder.dimension:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL hnsw.ef_search = {BREADTH}")
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        cursor.execute(write_query(encoder, is_exact=is_exact), [_write(vector), without, min(limit, MOST)])
        return cursor.fetchall()


def list_open_tasks_like(encoder: Encoder, item_id: int, *, limit: int) -> list[int]:
    """Ids of the open tasks of the order whose items are most like this one, nearest first; those of the random arm
    are drawn by chance and not by likeness."""
    row = Vector.objects.filter(encoder=encoder, item_id=item_id, embedding__isnull=False).first()
    if row is None or not encoder.dimension:
        return []
    kind = f"halfvec({int(encoder.dimension)})"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL hnsw.ef_search = {BREADTH}")
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        cursor.execute(
            f"""SELECT t.id FROM embeddings_vector v JOIN annotations_task t ON t.item_id = v.item_id,
                    (SELECT %s::{kind} AS vector) q
                WHERE v.encoder_id = {int(encoder.pk)} AND v.embedding IS NOT NULL AND v.item_id <> %s
                  AND t.state = 'open' AND NOT t.is_reserved AND NOT t.is_random
                ORDER BY v.embedding::{kind} <-> q.vector LIMIT %s""",
            [_write(row.embedding), item_id, limit],
        )
        return [found for (found,) in cursor.fetchall()]


def write_query(encoder: Encoder, *, is_exact: bool = False) -> str:
    """The statement, with places for the vector, the id to leave out and the count. Fits the partition's index, unless
    it is exact: adding nothing to the distance hides it from the index."""
    kind = f"halfvec({int(encoder.dimension)})"
    distance = f"v.embedding::{kind} <-> q.vector"
    return f"""
        SELECT v.item_id, {distance} AS distance
        FROM embeddings_vector v JOIN datasets_item i ON i.id = v.item_id, (SELECT %s::{kind} AS vector) q
        WHERE v.encoder_id = {int(encoder.pk)} AND v.embedding IS NOT NULL AND i.excluded_at IS NULL AND i.id <> %s
        ORDER BY {f"({distance}) + 0" if is_exact else distance} LIMIT %s"""


def _write(vector: Any) -> str:
    numbers = vector.to_list() if hasattr(vector, "to_list") else [float(value) for value in vector]
    return "[" + ",".join(f"{value:.6g}" for value in numbers) + "]"
