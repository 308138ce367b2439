"""Which item each row of a source is now. A row with other content gets a new item; the old one is kept, excluded and
linked. In bulk, and the same again when repeated."""

from __future__ import annotations

from contextlib import nullcontext

import pyarrow.parquet as pq
from django.db import connection
from django.db.models import F
from django.utils import timezone

from lifecycle.common import bulk
from lifecycle.sources.models import SourceRowChange, SourceRun

LOCK_SPACE = 0x736F7572  # advisory locks on a source's rows

# the newest content of each key of this batch, beside what the source had for it
NEW_ROWS = """
    CREATE TEMP TABLE source_batch ON COMMIT DROP AS
    SELECT DISTINCT ON (new.key_hash COLLATE "C") new.key_hash, new.key, new.path_hash, item.id AS item_id,
        known.item_id AS old_item_id, known.excluded_at AS gone_excluded_at
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
        WITH ORDINALITY AS new (key_hash, content_hash, key, path_hash, place)
    JOIN datasets_item item ON item.dataset_id = %s AND item.content_hash = new.content_hash
    LEFT JOIN sources_sourcerow known ON known.source_id = %s AND known.key_hash = new.key_hash
    WHERE new.key_hash IS NOT NULL AND (known.item_id IS DISTINCT FROM item.id OR known.gone_at IS NOT NULL)
    ORDER BY new.key_hash COLLATE "C", new.place"""

# what the rows refer to stays until the end of the transaction: held at once, not checked row by row
HOLD_REFERENCES = """
    SELECT count(*) = (SELECT count(DISTINCT item_id) FROM source_batch)
    FROM (SELECT 1 FROM sources_source WHERE id = %(source)s FOR KEY SHARE) source,
        (SELECT 1 FROM datasets_collection WHERE id = %(collection)s FOR KEY SHARE) collection,
        (SELECT 1 FROM datasets_item WHERE id IN (SELECT item_id FROM source_batch) FOR KEY SHARE) items"""

WRITE_ROWS = """
    INSERT INTO sources_sourcerow AS known (source_id, key_hash, path_hash, item_id, collection_id, updated_at)
    SELECT %s, key_hash, coalesce(path_hash, ''), item_id, %s, %s FROM source_batch
    ON CONFLICT (source_id, key_hash) DO UPDATE
    SET item_id = excluded.item_id, collection_id = excluded.collection_id, updated_at = excluded.updated_at,
        path_hash = CASE WHEN known.gone_at IS NULL THEN known.path_hash ELSE excluded.path_hash END,
        gone_at = NULL, excluded_at = NULL"""

# an old item goes only when no row of any source is it any more; one that was excluded as gone is so from now on
EXCLUDE_OLD = """
    UPDATE datasets_item item SET excluded_at = %s
    FROM source_batch batch
    WHERE item.id = batch.old_item_id AND batch.old_item_id <> batch.item_id
      AND (item.excluded_at IS NULL OR item.excluded_at = batch.gone_excluded_at)
      AND NOT EXISTS (SELECT 1 FROM sources_sourcerow other WHERE other.item_id = item.id AND other.gone_at IS NULL)
    RETURNING item.id"""

# content that comes back: what a change excluded, or was excluded as gone, returns; what a person excluded stays out
RESTORE_NEW = """
    UPDATE datasets_item item SET excluded_at = NULL
    FROM source_batch batch
    WHERE item.id = batch.item_id AND item.excluded_at IS NOT NULL
      AND (batch.gone_excluded_at = item.excluded_at
           OR EXISTS (SELECT 1 FROM sources_sourcerow other
                      WHERE other.item_id = item.id AND other.excluded_at = item.excluded_at)
           OR EXISTS (SELECT 1 FROM sources_sourcerowchange change WHERE change.old_item_id = item.id
                      AND change.is_excluded AND change.changed_at = item.excluded_at))"""

WRITE_CHANGES = """
    INSERT INTO sources_sourcerowchange
        (source_id, key, key_hash, old_item_id, new_item_id, collection_id, is_excluded, changed_at)
    SELECT %s, coalesce(key, ''), key_hash, old_item_id, item_id, %s, old_item_id = ANY(%s::bigint[]), %s
    FROM source_batch WHERE old_item_id <> item_id"""

# known rows with the content that they had and a label that does not count yet: `settle_label_changes` keeps what does
WRITE_LABELS = """
    INSERT INTO sources_sourcerowchange (source_id, key, key_hash, old_item_id, new_item_id, collection_id, is_excluded,
        old_label, new_label, changed_at)
    SELECT DISTINCT ON (new.key_hash COLLATE "C")
        %(source)s, new.key, new.key_hash, item.id, item.id, %(collection)s, false, item.label, new.label, %(now)s
    FROM unnest(%(key_hash)s::text[], %(content_hash)s::text[], %(key)s::text[], %(label)s::text[])
        WITH ORDINALITY AS new (key_hash, content_hash, key, label, place)
    JOIN datasets_item item ON item.dataset_id = %(dataset)s AND item.content_hash = new.content_hash
    JOIN sources_sourcerow known ON known.source_id = %(source)s AND known.key_hash = new.key_hash
        AND known.item_id = item.id AND known.collection_id <> %(collection)s
    WHERE new.key IS NOT NULL AND item.label <> new.label AND NOT EXISTS (
        SELECT 1 FROM sources_sourcerowchange told
        WHERE told.source_id = %(source)s AND told.key_hash = new.key_hash AND told.collection_id = %(collection)s)
    ORDER BY new.key_hash COLLATE "C", new.place DESC"""


def bind_rows(*, run: SourceRun, part: str, keys: str) -> int:
    """Bind the rows of one part, beside it a Parquet file of content_hash, key_hash, key and path_hash, whose items are
    in. Call within the job's transaction, before labels of known items are recorded; returns how many rows changed
    their content."""
    found = pq.read_table(keys)
    columns = [found[name].to_pylist() for name in ("key_hash", "content_hash", "key", "path_hash")]
    if not any(columns[0]):
        return 0
    now, source_id, collection_id = timezone.now(), run.source_id, run.collection_id
    with connection.cursor() as cursor:
        lock_rows(cursor, source_id)
        cursor.execute("DROP TABLE IF EXISTS source_batch")
        cursor.execute(NEW_ROWS, [*columns, run.source.dataset_id, source_id])
        cursor.execute(HOLD_REFERENCES, {"source": source_id, "collection": collection_id})
        is_held = cursor.fetchone()[0]
        with bulk.trusted_references(cursor) if is_held else nullcontext():
            cursor.execute(WRITE_ROWS, [source_id, collection_id, now])
        cursor.execute(EXCLUDE_OLD, [now])
        excluded = [row[0] for row in cursor.fetchall()]
        cursor.execute(RESTORE_NEW)
        cursor.execute(WRITE_CHANGES, [source_id, collection_id, excluded, now])
        changed = cursor.rowcount
        if run.collection.labels_differ:
            key_hash, content_hash, key, _ = columns
            cursor.execute(WRITE_LABELS, {
                "source": source_id, "collection": collection_id, "dataset": run.source.dataset_id, "now": now,
                "key_hash": key_hash, "content_hash": content_hash, "key": key, "label": _read_labels(part),
            })  # fmt: skip
        return changed


def _read_labels(part: str) -> list[str | None]:
    """What each row says of its item, where that is a class or a number."""
    table = pq.read_table(part, columns=["label", "result"])
    labels, drawn = table["label"].to_pylist(), table["result"].to_pylist()
    return [None if result else label for label, result in zip(labels, drawn, strict=True)]


def settle_label_changes(*, run: SourceRun) -> None:
    """Forget changes of labels that do not count after all, since a person said something else or the label could not
    be read. Call within the job's transaction, once labels are recorded."""
    changes = SourceRowChange.objects.filter(collection=run.collection_id, old_item=F("new_item"))
    changes.exclude(new_item__label=F("new_label")).delete()


def lock_rows(cursor, source_id: int) -> None:
    """One transaction at a time writes the rows of a source."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, source_id % (1 << 31)])
