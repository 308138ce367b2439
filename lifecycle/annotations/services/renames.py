"""Carry the labels of a renamed class over to its new name, as new versions of the answers."""

from __future__ import annotations

import json

from django.db import connection, transaction

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, LabelSchema
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

_COPY_ANSWERS = """
WITH stale AS (
    UPDATE annotations_annotation a SET is_current = false
    FROM annotations_task t JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE a.task_id = t.id AND d.project_id = %(project)s AND a.is_current AND a.kind = 'answer' AND a.value = %(old)s
    RETURNING a.*
)
INSERT INTO annotations_annotation
    (task_id, item_id, user_id, origin, kind, result, value, reason, previous_id, is_current, schema_version,
     guide_version, lead_time_ms, created_at)
SELECT task_id, item_id, user_id, origin, kind, %(result)s::jsonb, %(new)s, '', id, false, %(schema)s,
       guide_version, lead_time_ms, now()
FROM stale
RETURNING id
"""


def rename_class(*, project: Project, actor, schema: LabelSchema, old: str, new: str) -> int:
    """Give every current answer `old` the value `new`; returns how many there were. Item labels follow."""
    with transaction.atomic(), connection.cursor() as cursor:
        result = json.dumps(rules.build_result("class", new))
        cursor.execute(
            _COPY_ANSWERS,
            {"project": project.pk, "old": old, "new": new, "result": result, "schema": schema.version},
        )
        ids = [row[0] for row in cursor.fetchall()]
        # a second statement, so that the old versions have left the "one current answer" index by now
        Annotation.objects.filter(pk__in=ids).update(is_current=True)
        _move_item_labels(project, old, new)
        record_event(
            project=project,
            actor=actor,
            verb="schema.class_renamed",
            summary=f"Renamed the class “{old}” to “{new}” ({len(ids):,} labels follow)",
            object_type="label_schema",
            object_id=schema.pk,
            details={"old": old, "new": new, "labels": len(ids)},
        )
    return len(ids)


def _move_item_labels(project: Project, old: str, new: str) -> None:
    for dataset in Dataset.objects.filter(project=project):
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT i.id, %(new)s, a.id FROM datasets_item i
                JOIN annotations_annotation a
                  ON a.previous_id = i.label_annotation_id AND a.is_current AND a.value = %(new)s
                WHERE i.dataset_id = %(dataset)s AND i.label = %(old)s
                """,
                {"new": new, "old": old, "dataset": dataset.pk},
            )
            record_labels(dataset=dataset, labels=cursor.fetchall())
