"""Moments that items are of: what an import says about items known before, what a version said; with their history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import connection

from lifecycle.contracts.event_times import COLUMN
from lifecycle.datasets import manifests
from lifecycle.datasets.models import Collection, DatasetVersion
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.datasets.services.imported_labels import keep_last, open_parts

AT_ONCE = 20_000
# long strings: quoting twenty thousand elements of an array takes longer than the query
_NEW = """
    unnest(string_to_array(%(hashes)s, ','), string_to_array(%(times)s, ',')::timestamptz[])
        AS new (content_hash, event_time)"""
_WRITE = """
    WITH old AS (
        SELECT item.id, item.event_time, item.event_time_origin, new.event_time AS new_time, new.origin AS new_origin
        FROM {new} JOIN datasets_item item ON {same} AND item.dataset_id = %(dataset)s
        WHERE item.event_time IS DISTINCT FROM new.event_time FOR UPDATE OF item),
    written AS (
        UPDATE datasets_item item SET event_time = old.new_time, event_time_origin = old.new_origin
        FROM old WHERE item.id = old.id)
    INSERT INTO datasets_eventtimechange
        (item_id, collection_id, old_time, old_origin, new_time, new_origin, changed_at)
    SELECT id, %(collection)s, event_time, event_time_origin, new_time, new_origin, now() FROM old"""
_BY_HASH = _WRITE.format(
    new="""unnest(%(hashes)s::text[], %(times)s::timestamptz[], %(origins)s::text[])
           AS new (content_hash, event_time, origin)""",
    same="item.content_hash = new.content_hash",
)
_BY_ID = _WRITE.format(
    new="""(SELECT id, event_time, CASE WHEN event_time IS NULL THEN '' ELSE %(origin)s END AS origin
            FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS said (id, event_time)) AS new""",
    same="item.id = new.id",
)


def do_differ(cursor, dataset_id: int, part: pa.Table, old: Set[str]) -> bool:
    """Whether a row of a part gives an item that was there before another moment than it has; one query, and none
    where nothing says a moment."""
    if not old or part[COLUMN].null_count == part.num_rows:
        return False
    said = part.select(["content_hash", COLUMN])
    is_old = pc.is_in(said["content_hash"], value_set=pa.array(sorted(old), pa.string()))
    said = said.filter(pc.and_(is_old, said[COLUMN].is_valid()))
    if not said.num_rows:
        return False
    cursor.execute(
        f"""SELECT EXISTS (SELECT 1 FROM {_NEW} JOIN datasets_item item ON item.dataset_id = %(dataset)s
                AND item.content_hash = new.content_hash WHERE item.event_time IS DISTINCT FROM new.event_time)""",
        {
            "hashes": ",".join(said["content_hash"].to_pylist()),
            "times": ",".join(said[COLUMN].to_pylist()),
            "dataset": dataset_id,
        },
    )
    return cursor.fetchone()[0]


def pick_event_times(parts: Sequence[str], *, spill_folder: str | Path) -> Iterator[pa.RecordBatch]:
    """(content_hash, event_time, event_time_origin) of rows that say one; of content that comes twice the first counts,
    so that the same import says the same again."""
    said = [part for part in parts if _says_any(part)]
    if not said:
        return
    with open_parts(spill_folder) as base:
        found = base.sql(
            """SELECT content_hash, event_time, coalesce(event_time_origin, '') AS event_time_origin
               FROM read_parquet(?, filename = true, file_row_number = true)
               WHERE event_time IS NOT NULL ORDER BY content_hash, filename DESC, file_row_number DESC""",
            params=[said],
        )
        yield from keep_last(found.to_arrow_reader(AT_ONCE))


def _says_any(part: str) -> bool:
    """Whether a part has a moment at all, by what is written at its end: a batch of a crawl mostly has none."""
    meta = pq.read_metadata(part)
    if COLUMN not in meta.schema.names:
        return False
    place = meta.schema.names.index(COLUMN)
    for group in (meta.row_group(n) for n in range(meta.num_row_groups)):
        counted = group.column(place).statistics
        if counted is None or not counted.has_null_count or counted.null_count < group.num_rows:
            return True
    return False


def update_event_times(*, collection: Collection, times: pa.RecordBatch) -> int:
    """Give items the moments that an import says, and note what they were; returns how many changed. Call within the
    job's transaction."""
    hashes, moments, origins = (times[name].to_pylist() for name in ("content_hash", COLUMN, "event_time_origin"))
    with connection.cursor() as cursor:
        cursor.execute(_BY_HASH, {
            "hashes": hashes, "times": moments, "origins": origins, "dataset": collection.dataset_id,
            "collection": collection.pk,
        })  # fmt: skip
        return cursor.rowcount


def restore_event_times(*, version: DatasetVersion) -> int:
    """Make the moments of items what they were in a version; returns how many changed. Call within the job's
    transaction. A manifest from before items had any says nothing about them."""
    changed = 0
    paths = [path for path in fetch_chunks(version) if COLUMN in pq.read_schema(path).names]
    for batch in manifests.read_batches(paths, ["item_id", COLUMN], rows=AT_ONCE):
        moments = pc.cast(batch[COLUMN], pa.timestamp("us", "UTC")).to_pylist()
        with connection.cursor() as cursor:
            cursor.execute(_BY_ID, {
                "ids": batch["item_id"].to_pylist(), "times": moments, "dataset": version.dataset_id,
                "origin": f"restored from {version}", "collection": None,
            })  # fmt: skip
            changed += cursor.rowcount
    return changed
