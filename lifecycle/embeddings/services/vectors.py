"""Vectors into their partition, batch by batch, and the index over them. Call within the job's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from lifecycle.annotations.services.ordering import FROM_VECTORS, note_change
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.services.encoders import lock_encoder, partition_name

INDEX_FROM = 1_000  # vectors; below that a look at each is as fast and exact
INDEX_MEMORY = "256MB"
TEMPORARY = "embeddings_incoming"


def prepare_encoder(*, encoder: Encoder, state: Mapping[str, Any]) -> Encoder:
    """Make room for vectors of this state; those of another state are comparable no more and go."""
    locked = lock_encoder(encoder)
    name = partition_name(locked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        exists = cursor.fetchone()[0]
        if exists and locked.state != dict(state):
            cursor.execute(f"DROP TABLE {name}")
            exists = False
        if not exists:
            # attached rather than made as a partition: readers and writers of other encoders are not held up
            cursor.execute(f"CREATE TABLE {name} (LIKE embeddings_vector INCLUDING DEFAULTS INCLUDING INDEXES)")
            cursor.execute(f"ALTER TABLE embeddings_vector ATTACH PARTITION {name} FOR VALUES IN ({int(locked.pk)})")
            locked.dimension, locked.has_index = 0, False
            locked.searches.all().delete()
    locked.state = dict(state)
    locked.save(update_fields=["state", "dimension", "has_index", "updated_at"])
    return locked


def store_vectors(
    *,
    encoder: Encoder,
    item_ids: Sequence[int],
    vectors: Any,
    problems: Mapping[int, str],
    labels: Sequence[str | None] = (),
    confidences: Sequence[float] = (),
) -> int:
    """Add a batch: `vectors` float [n, dimension]; `problems` names positions without one. A repeat changes nothing."""
    name = partition_name(encoder)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {TEMPORARY} (LIKE embeddings_vector) ON COMMIT DROP")
        cursor.execute(f"TRUNCATE {TEMPORARY}")
        with cursor.copy(
            f"COPY {TEMPORARY} (encoder_id, item_id, embedding, label, confidence, problem) FROM STDIN"
        ) as copy:
            for place, item_id in enumerate(item_ids):
                problem = problems.get(place, "")
                label = labels[place] if labels else None
                confidence = confidences[place] if confidences else None
                embedding = None if problem else _write_vector(vectors[place])
                copy.write_row((encoder.pk, item_id, embedding, label, _finite(confidence), problem[:300]))
        cursor.execute(f"INSERT INTO {name} SELECT * FROM {TEMPORARY} ON CONFLICT DO NOTHING")
        stored = cursor.rowcount
    if not encoder.dimension and len(problems) < len(item_ids):
        encoder.dimension = int(vectors.shape[1])
        Encoder.objects.filter(pk=encoder.pk, dimension=0).update(dimension=encoder.dimension)
    return stored


def _write_vector(vector: Any) -> str:
    return "[" + ",".join(f"{value:.5g}" for value in vector.tolist()) + "]"


def _finite(value: float | None) -> float | None:
    return value if value is not None and value == value else None


def finish_vectors(*, encoder: Encoder, index_from: int = INDEX_FROM) -> Encoder:
    """All items have been tried: give the planner its statistics and, from some size on, neighbors an index."""
    locked = lock_encoder(encoder)
    name = partition_name(locked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name} WHERE embedding IS NOT NULL")
        count = cursor.fetchone()[0]
        if not locked.has_index and locked.dimension and count >= index_from:
            cursor.execute(f"SET LOCAL maintenance_work_mem = '{INDEX_MEMORY}'")
            cursor.execute(
                f"CREATE INDEX {name}_near ON {name} "
                f"USING hnsw ((embedding::halfvec({int(locked.dimension)})) halfvec_l2_ops)"
            )
            locked.has_index = True
        cursor.execute(f"ANALYZE {name}")
    locked.save(update_fields=["has_index", "updated_at"])
    note_change(project_id=locked.dataset.project_id, orders=FROM_VECTORS)
    return locked
