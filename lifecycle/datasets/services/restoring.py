"""Going back: which items have to come in or go out, and which labels differ, for a dataset to be as a version was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from lifecycle.common.errors import Conflict
from lifecycle.contracts.wording import count_words
from lifecycle.datasets import manifests
from lifecycle.datasets.models import DatasetVersion
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.services import record_event

COLUMNS = ("item_id", "label", "annotation_id")
LabelThen = tuple[int, str | None, int | None]  # item id, its label in the version, the annotation behind it


@dataclass(frozen=True)
class Exclusions:
    """How many items came back, and how many were taken out."""

    restored: int
    excluded: int


def start_restore(*, version: DatasetVersion, user) -> Job:
    """Have a worker make labels and exclusions what they were in a version. Nothing is lost: it is one more change."""
    if version.archived_at is not None:
        raise Conflict(f"{version} is archived. Bring it back first.")
    return jobs.enqueue(
        kind="restore",
        title=f"Restore {version}",
        spec={"version_id": version.pk},
        project=version.dataset.project,
        created_by=user,
        subject_type="dataset",
        subject_id=version.dataset_id,
    )


def restore_exclusions(*, version: DatasetVersion, user) -> Exclusions:
    """Take in what was in the version, take out what was not. Call within the job's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept_item (id bigint) ON COMMIT DROP")
        for batch in manifests.read_batches(fetch_chunks(version), ["item_id"]):
            cursor.execute("INSERT INTO kept_item SELECT unnest(%s::bigint[])", [batch["item_id"].to_pylist()])
        cursor.execute("ANALYZE kept_item")
        cursor.execute(
            """UPDATE datasets_item SET excluded_at = NULL
               WHERE dataset_id = %s AND excluded_at IS NOT NULL AND id IN (SELECT id FROM kept_item)""",
            [version.dataset_id],
        )
        restored = cursor.rowcount
        cursor.execute(
            """UPDATE datasets_item i SET excluded_at = now()
               WHERE dataset_id = %s AND excluded_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM kept_item k WHERE k.id = i.id)""",
            [version.dataset_id],
        )
        excluded = cursor.rowcount
        cursor.execute("DROP TABLE kept_item")
    if restored or excluded:
        record_event(
            project=version.dataset.project, actor=user, verb="items.restored",
            summary=f"Restored {version}: {count_words(restored, 'item')} taken in again, {excluded:,} excluded",
            object_type="version", object_id=version.number,
        )  # fmt: skip
    return Exclusions(restored, excluded)


def list_labels_that_differ(version: DatasetVersion) -> Iterator[list[LabelThen]]:
    """Items whose label is another one now than in the version, some at a time."""
    for batch in manifests.read_batches(fetch_chunks(version), COLUMNS, rows=10_000):
        columns = [batch[name].to_pylist() for name in COLUMNS]
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT i.id, t.label, t.annotation_id
                   FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS t (id, label, annotation_id)
                   JOIN datasets_item i ON i.id = t.id AND i.dataset_id = %s
                   WHERE i.label IS DISTINCT FROM t.label
                      OR (t.annotation_id IS NOT NULL AND i.label_annotation_id IS DISTINCT FROM t.annotation_id)
                   ORDER BY i.id""",
                [*columns, version.dataset_id],
            )
            found = cursor.fetchall()
        if found:
            yield found
