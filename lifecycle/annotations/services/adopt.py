"""The fast way in for labels of brand-new items: items are written with them, tasks and annotations follow at once.

Nothing is updated: an import of a million labeled rows is inserts only. What an import says about items that were there
before goes through `imports.record_imported_labels`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.services.queue import find_settings
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Collection
from lifecycle.projects.models import Project

_ADOPT = """
WITH result (value, content) AS (
    SELECT * FROM unnest(%(values)s::text[], %(results)s::jsonb[])
), made AS (
    INSERT INTO annotations_task (dataset_id, item_id, state, overlap, answers, priority, skip_reason, updated_at)
    SELECT dataset_id, id, CASE WHEN label IS NULL THEN 'open' ELSE 'done' END, %(overlap)s, 0, 0, '', now()
    FROM datasets_item WHERE collection_id = %(collection)s AND id > %(after)s ORDER BY id
    ON CONFLICT (item_id) DO NOTHING
    RETURNING id, item_id
)
INSERT INTO annotations_annotation
    (id, task_id, item_id, user_id, origin, kind, result, value, reason, is_current, schema_version, created_at)
SELECT item.label_annotation_id, made.id, item.id, %(user)s, 'import', 'answer', result.content, item.label, '', true,
       %(schema)s, now()
FROM made
JOIN datasets_item item ON item.id = made.item_id AND item.collection_id = %(collection)s AND item.id > %(after)s
JOIN result ON result.value = item.label
"""


def read_values(*, project: Project, labels: Iterable[str]) -> dict[str, str]:
    """{label as imported: value as stored}; labels that the schema does not allow are left out."""
    schema = selectors.find_schema(project)
    kind = get_problem_type(project.problem_type).label_kind
    classes = set(schema.classes) if schema else set()
    values = {}
    for label in labels:
        try:
            values[label] = rules.read_value(kind, classes, rules.build_result(kind, label))  # type: ignore[arg-type]
        except (ValueError, OverflowError):
            continue
    return values


def reserve_ids(count: int) -> list[int]:
    """Ids for annotations that `adopt_labels` will write; unused ones are simply never used."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('annotations_annotation', 'id')) FROM generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in cursor.fetchall()]


def adopt_labels(*, collection: Collection, after: int, values: Iterable[str]) -> int:
    """Tasks for the collection's items with ids above `after`, and the annotations behind the labels they have.

    Call in the transaction that inserted the items with `label` and a reserved `label_annotation_id`. `values` are the
    labels that occur. Returns how many annotations were written.
    """
    project = collection.dataset.project
    kind = get_problem_type(project.problem_type).label_kind
    schema = selectors.find_schema(project)
    known = list(dict.fromkeys(values))
    with connection.cursor() as cursor:
        # The planner knows nothing of rows inserted a moment ago and would loop over labels x items: let it hash.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(
            _ADOPT,
            {
                "values": known,
                "results": [json.dumps(rules.build_result(kind, value)) for value in known],
                "overlap": find_settings(project).overlap,
                "collection": collection.pk,
                "after": after,
                "user": collection.created_by_id,
                "schema": schema.version if schema else 1,
            },
        )
        written = cursor.rowcount
        cursor.execute("SET LOCAL enable_nestloop = on")
        return written
