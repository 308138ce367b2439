"""Rows and files that a source does not have any more: found by what a run saw, their items excluded or taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction
from django.utils import timezone

from lifecycle.common import bulk
from lifecycle.contracts.sources import CollectResult, Coverage
from lifecycle.contracts.wording import count_words
from lifecycle.projects.services import record_event
from lifecycle.sources.models import Source, SourceRow, SourceRun
from lifecycle.sources.selectors import LIST_LEFT
from lifecycle.sources.services.rows import lock_rows

LINES_AT_ONCE = 20_000

MAKE_TABLES = """
    DROP TABLE IF EXISTS source_sighting, source_seen, source_listed;
    CREATE TEMP TABLE source_sighting (key_hash text, path_hash text) ON COMMIT DROP;
    CREATE TEMP TABLE source_listed (path_hash text, is_whole boolean) ON COMMIT DROP"""

# each row that was seen, and the file it stands in; "" where there are several
GATHER_SEEN = """
    CREATE TEMP TABLE source_seen ON COMMIT DROP AS
    SELECT key_hash, CASE WHEN min(path_hash) = max(path_hash) THEN min(path_hash) ELSE '' END AS path_hash
    FROM source_sighting GROUP BY key_hash;
    ANALYZE source_seen"""

# A row that was seen elsewhere than before has moved if the file it stood in was read to its end now, or is not there
# any more; otherwise it stands in both.
MOVE_ROWS = """
    UPDATE sources_sourcerow known SET path_hash = CASE
        WHEN known.path_hash = '' THEN CASE WHEN %(is_whole)s THEN seen.path_hash ELSE '' END
        WHEN EXISTS (SELECT 1 FROM source_listed there
                     WHERE there.path_hash = known.path_hash AND NOT there.is_whole) THEN ''
        ELSE seen.path_hash END
    FROM source_seen seen
    WHERE known.source_id = %(source)s AND known.key_hash = seen.key_hash AND known.path_hash <> seen.path_hash
      AND (known.path_hash <> '' OR %(is_whole)s)"""

MARK_ROWS = """
    UPDATE sources_sourcerow known SET gone_at = %(now)s
    WHERE known.source_id = %(source)s AND known.gone_at IS NULL
      AND CASE WHEN known.path_hash = '' THEN %(is_whole)s
               ELSE coalesce((SELECT is_whole FROM source_listed there WHERE there.path_hash = known.path_hash), true)
          END
      AND NOT EXISTS (SELECT 1 FROM source_seen seen WHERE seen.key_hash = known.key_hash)"""

MARK_OBJECTS = """
    UPDATE sources_sourceobject known SET gone_at = %(now)s
    WHERE known.source_id = %(source)s AND known.gone_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM source_listed there WHERE there.path_hash = known.path_hash)"""

EXCLUDE_LEFT = f"UPDATE datasets_item SET excluded_at = %(now)s WHERE id IN ({LIST_LEFT}) RETURNING id"


def settle_gone(*, run: SourceRun, result: CollectResult) -> int | None:
    """Mark the rows and files that were known and not seen by this run, whose items are bound; returns how many, or
    None where the run could not know. Call within the job's transaction."""
    if result.coverage is None:
        return None
    names: dict[str, Any] = {"source": run.source_id, "now": timezone.now()}
    with connection.cursor() as cursor:
        lock_rows(cursor, run.source_id)
        cursor.execute(MAKE_TABLES)
        _copy_listed(cursor, result.coverage)
        _copy_sightings(cursor, result)
        cursor.execute(GATHER_SEEN)
        cursor.execute("SELECT coalesce(bool_and(is_whole), true) FROM source_listed")
        names["is_whole"] = cursor.fetchone()[0]
        cursor.execute(MOVE_ROWS, names)
        cursor.execute(MARK_OBJECTS, names)
        cursor.execute(MARK_ROWS, names)
        return cursor.rowcount


def exclude_gone(*, source: Source, user) -> int:
    """Leave the items of rows and files that are gone out of the versions to come; returns how many. Labels and earlier
    versions keep them, and so does what came in another way, or stands elsewhere too."""
    names: dict[str, Any] = {"source": source.pk, "now": timezone.now()}
    with transaction.atomic():
        with connection.cursor() as cursor:
            lock_rows(cursor, source.pk)
            cursor.execute(EXCLUDE_LEFT, names)
            items = [item_id for (item_id,) in cursor.fetchall()]
        rows = SourceRow.objects.filter(source=source, item_id__in=items)
        rows.exclude(gone_at=None).update(excluded_at=names["now"])
        _tell(source, user, "source.gone_excluded", f"Excluded {count_words(len(items), 'item')} gone from")
    return len(items)


def restore_gone(*, source: Source, user) -> int:
    """Take back what `exclude_gone` did, but for items that somebody excluded or restored since; returns how many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            lock_rows(cursor, source.pk)
            cursor.execute(
                """UPDATE datasets_item item SET excluded_at = NULL FROM sources_sourcerow mine
                   WHERE mine.source_id = %s AND mine.gone_at IS NOT NULL AND mine.item_id = item.id
                     AND mine.excluded_at = item.excluded_at RETURNING item.id""",
                [source.pk],
            )
            count = len({item_id for (item_id,) in cursor.fetchall()})
        SourceRow.objects.filter(source=source).exclude(gone_at=None).update(excluded_at=None)
        _tell(source, user, "source.gone_restored", f"Restored {count_words(count, 'item')} gone from")
    return count


def _copy_listed(cursor, coverage: Coverage) -> None:
    whole = {line for lines in _read_lines(coverage.scope) for line in lines}
    for hashes in _read_lines(coverage.listed):
        flags = pa.array([path_hash in whole for path_hash in hashes])
        bulk.copy_rows(cursor, "source_listed", {"path_hash": pa.array(hashes), "is_whole": flags}, len(hashes))
    cursor.execute("CREATE INDEX ON source_listed (path_hash); ANALYZE source_listed")


def _copy_sightings(cursor, result: CollectResult) -> None:
    assert result.coverage
    for path in result.keys:
        found = pq.read_table(path, columns=["key_hash", "path_hash"])
        found = found.filter(found["key_hash"].is_valid())
        bulk.copy_rows(cursor, "source_sighting", dict(zip(found.column_names, found.columns, strict=True)), len(found))
    for lines in _read_lines(result.coverage.aside):
        keys, paths = zip(*(line.split("\t") for line in lines), strict=True)
        columns = {"key_hash": pa.array(keys), "path_hash": pa.array(paths)}
        bulk.copy_rows(cursor, "source_sighting", columns, len(keys))


def _read_lines(path: str) -> Iterator[list[str]]:
    """Lines of a file, many at a time."""
    with Path(path).open(encoding="utf-8") as lines:
        batch: list[str] = []
        for line in lines:
            batch.append(line.rstrip("\n"))
            if len(batch) == LINES_AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch


def _tell(source: Source, user, verb: str, done: str) -> None:
    record_event(
        project=source.dataset.project,
        actor=user,
        verb=verb,
        summary=f"{done} “{source.title}”"[:300],
        object_type="source",
        object_id=source.pk,
    )
