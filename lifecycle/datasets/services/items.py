"""What may change about an item: whether it counts, and the label that counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from lifecycle.common.errors import DomainError
from lifecycle.common.rows import open_cursor
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_AT_ONCE = 10_000
LabelRow = tuple[int, str | None, int | None]  # item id, the label that counts now, the annotation it came from


def exclude_items(*, project: Project, user, item_ids: Iterable[int]) -> int:
    """Leave items out of the versions to come; they stay in earlier ones. Returns how many changed."""
    return _change_excluded(project, user, item_ids, is_excluded=True)


def restore_items(*, project: Project, user, item_ids: Iterable[int]) -> int:
    """Take excluded items in again. Returns how many changed."""
    return _change_excluded(project, user, item_ids, is_excluded=False)


def _change_excluded(project: Project, user, item_ids: Iterable[int], *, is_excluded: bool) -> int:
    ids = list(item_ids)
    if len(ids) > MAX_AT_ONCE:
        raise DomainError(f"Choose at most {MAX_AT_ONCE:,} items at once.")
    with transaction.atomic():
        changed = len(set_excluded(project=project, item_ids=ids, is_excluded=is_excluded))
        if changed:
            done = "Excluded" if is_excluded else "Restored"
            record_event(
                project=project,
                actor=user,
                verb="items.excluded" if is_excluded else "items.restored",
                summary=f"{done} {changed:,} item{'s' if changed != 1 else ''}",
                details={"item_ids": ids[:100], "count": changed},
            )
    return changed


def set_excluded(*, project: Project, item_ids: Sequence[int], is_excluded: bool) -> list[int]:
    """Leave items out or take them in, in one statement and without a line in the activity, which is the caller's
    matter. Returns the items that changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH wanted AS (
                SELECT i.id FROM datasets_item i JOIN datasets_dataset d ON d.id = i.dataset_id
                WHERE d.project_id = %s AND i.id = ANY(%s::bigint[])
                  AND i.excluded_at IS {"NULL" if is_excluded else "NOT NULL"}
                ORDER BY i.id FOR NO KEY UPDATE OF i
            )
            UPDATE datasets_item i SET excluded_at = {"statement_timestamp()" if is_excluded else "NULL"}
            FROM wanted WHERE i.id = wanted.id RETURNING i.id
            """,
            [project.pk, list(item_ids)],
        )
        return [pk for (pk,) in cursor.fetchall()]


def record_labels(*, dataset: Dataset, labels: Sequence[LabelRow]) -> int:
    """Write the labels that count now; called by the annotations room only. Returns how many items changed."""
    if not labels:
        return 0
    ids, values, annotations = (list(column) for column in zip(*labels, strict=True))
    with open_cursor() as cursor:
        cursor.execute(
            """
            UPDATE datasets_item AS item
            SET label = new.label, label_annotation_id = new.annotation_id,
                labeled_at = CASE WHEN new.label IS NULL THEN NULL ELSE now() END
            FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS new (item_id, label, annotation_id)
            WHERE item.id = new.item_id AND item.dataset_id = %s
            """,
            [ids, values, annotations, dataset.pk],
        )
        return cursor.rowcount
