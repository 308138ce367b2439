"""Vectors of a few items, as plain numbers."""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.embeddings.models import Encoder, Vector


def read_vectors(encoder: Encoder, item_ids: Iterable[int]) -> dict[int, list[float]]:
    """{item id: vector} of those that have one."""
    found = Vector.objects.filter(encoder=encoder, item_id__in=list(item_ids), embedding__isnull=False)
    rows = found.values_list("item_id", "embedding")
    return {item_id: list(vector) for item_id, vector in rows if vector is not None}
