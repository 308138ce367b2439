"""Bulk ways in: a task for every new item, and the labels that came with an import."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection, transaction

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.models import QueueSettings
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.assignment import apply_active_rules
from lifecycle.annotations.services.disagreement import mark_several
from lifecycle.annotations.services.ordering import DRAW, request_ranking
from lifecycle.common import bulk
from lifecycle.common.errors import Conflict
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Collection
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project

BATCH = 10_000
Imported = tuple[int, str] | tuple[int, str, str]


@dataclass(frozen=True)
class ImportedLabels:
    """What came of the labels of an import."""

    recorded: int = 0  # new, or different from the last import
    unchanged: int = 0  # the same label was imported before
    kept: int = 0  # recorded, but the item keeps the label that people gave it
    invalid: int = 0  # not a class of the schema, or not a number

    def __add__(self, other: ImportedLabels) -> ImportedLabels:
        return ImportedLabels(
            self.recorded + other.recorded,
            self.unchanged + other.unchanged,
            self.kept + other.kept,
            self.invalid + other.invalid,
        )


_OPEN_TASKS = f"""
INSERT INTO annotations_task
    (dataset_id, item_id, state, overlap, answers, priority, is_random, is_reserved, skip_reason, updated_at)
SELECT i.dataset_id, i.id, 'open', %(overlap)s, 0,
       CASE WHEN %(is_mixed)s OR %(is_drawn)s AND {DRAW} < %(share)s THEN {DRAW} ELSE 0 END,
       {DRAW} < %(share)s, false, '', now()
FROM datasets_item i
WHERE i.collection_id = %(collection)s AND i.id > %(after)s
  AND NOT EXISTS (SELECT 1 FROM annotations_task t WHERE t.item_id = i.id)
ORDER BY i.id
LIMIT %(batch)s
ON CONFLICT (item_id) DO NOTHING
RETURNING item_id
"""

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS imported_label
    (item_id bigint PRIMARY KEY, value text NOT NULL, result jsonb NOT NULL) ON COMMIT DELETE ROWS
"""

# the importing person's own earlier answer is the version before; another person's stays as it is beside it
_RECORD = """
WITH wanted AS (
    SELECT s.item_id, s.value, s.result, t.id AS task_id, own.id AS own_id, own.origin AS own_origin
    FROM imported_label s
    JOIN datasets_item i ON i.id = s.item_id AND i.dataset_id = %(dataset)s
    JOIN annotations_task t ON t.item_id = s.item_id
    LEFT JOIN LATERAL (
        SELECT a.id, a.origin FROM annotations_annotation a
        WHERE a.task_id = t.id AND a.user_id = %(user)s AND a.is_current
        ORDER BY a.origin = 'import', a.id LIMIT 1) own ON true
    LEFT JOIN LATERAL (
        SELECT a.value, a.result FROM annotations_annotation a
        WHERE a.task_id = t.id AND a.origin = 'import' ORDER BY a.id DESC LIMIT 1) last ON true
    WHERE last.value IS DISTINCT FROM s.value OR last.result IS DISTINCT FROM s.result
    FOR NO KEY UPDATE OF t
), stale AS (
    UPDATE annotations_annotation a SET is_current = false
    FROM wanted w WHERE a.id = w.own_id AND w.own_origin = 'import'
)
INSERT INTO annotations_annotation
    (task_id, item_id, user_id, origin, kind, result, value, reason, previous_id, is_current, schema_version,
     created_at)
SELECT w.task_id, w.item_id, %(user)s, 'import', 'answer', w.result, w.value, '',
       CASE WHEN w.own_origin = 'import' THEN w.own_id END, false, %(schema)s, now()
FROM wanted w
RETURNING id, task_id, item_id, value
"""

# an import never pushes a person's own current answer aside
_MAKE_CURRENT = """
UPDATE annotations_annotation a SET is_current = true
WHERE a.id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT 1 FROM annotations_annotation other
    WHERE other.task_id = a.task_id AND other.user_id = a.user_id AND other.is_current)
"""

_FINISH = """
UPDATE annotations_task t SET state = 'done', skip_reason = '', updated_at = now()
WHERE t.id = ANY(%(tasks)s) AND t.answers = 0 AND t.state <> 'done'
"""

_LABELED_BY_PEOPLE = """
SELECT t.item_id FROM annotations_task t WHERE t.id = ANY(%(tasks)s) AND t.answers > 0 AND t.answers >= t.overlap
"""


def open_tasks(*, collection: Collection) -> int:
    """A task for every item of the collection that has none; returns how many were made. Safe to repeat."""
    project = collection.dataset.project
    settings = find_settings(project)
    where = {
        "collection": collection.pk,
        "batch": BATCH,
        "overlap": settings.overlap,
        "share": settings.random_share,
        "is_mixed": settings.order == QueueSettings.Order.RANDOM,
        "is_drawn": settings.order != QueueSettings.Order.TIME,  # their draw is their place until all are ranked
    }
    made, after = 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_OPEN_TASKS, {**where, "after": after})
            items = [row[0] for row in cursor.fetchall()]
        made += len(items)
        if len(items) < BATCH:
            break
        after = max(items)
    if made:
        _place_new_tasks(project, settings)
    return made


def _place_new_tasks(project: Project, settings: QueueSettings) -> None:
    """New tasks take their place in an order that has to be worked out, and go to those whom a rule gives them."""
    if settings.order not in (QueueSettings.Order.TIME, QueueSettings.Order.RANDOM):
        request_ranking(project=project)
    apply_active_rules(project=project)


def record_imported_labels(*, collection: Collection, labels: Iterable[Imported]) -> ImportedLabels:
    """Record (item id, label) of an import as annotations by whoever imported them; those tasks are done. A third
    value, where it is not empty, is the Label Studio result as JSON that the label only sums up.

    Streams: a batch is one transaction, and a repeat of the same label changes nothing. The labels people gave stay
    in force over imported ones. Classes the schema lacks are counted as invalid: call `extend_classes` first.
    """
    project = collection.dataset.project
    schema = selectors.find_schema(project)
    if schema is None:
        raise Conflict("This project has no label schema yet, so imported labels cannot be read.")
    kind = get_problem_type(project.problem_type).label_kind
    total = ImportedLabels()
    known = rules.list_importable(kind, selectors.read_interface(project, schema), schema.classes)
    for batch in _split(labels, BATCH):
        rows, invalid = _read_rows(kind, known, batch)
        with transaction.atomic():
            total += _record_batch(collection, schema.version, rows)
        total += ImportedLabels(invalid=invalid)
    return total


def _read_rows(kind: str, known: set[str], batch: list[Imported]) -> tuple[dict[int, tuple[str, str]], int]:
    """{item id: (value, result as JSON)}; the last label of an item counts."""
    rows: dict[int, tuple[str, str]] = {}
    results: dict[str, tuple[str, str] | None] = {}
    invalid = 0
    for item_id, label, *drawn in batch:
        if kind in rules.DRAWN_KINDS:
            if drawn and drawn[0]:
                rows[item_id] = (label, str(drawn[0]))
            else:
                invalid += 1
            continue
        if label not in results:
            results[label] = _read_row(kind, known, label)
        row = results[label]
        if row is None:
            invalid += 1
        else:
            rows[item_id] = row
    return rows, invalid


def _read_row(kind: str, classes: set[str], label: str) -> tuple[str, str] | None:
    try:
        result = rules.build_result(kind, label)
        value = rules.read_value(kind, classes, result)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None
    return value, json.dumps(result)


def _record_batch(collection: Collection, schema_version: int, rows: dict[int, tuple[str, str]]) -> ImportedLabels:
    if not rows:
        return ImportedLabels()
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.execute("TRUNCATE imported_label")
        with cursor.copy("COPY imported_label (item_id, value, result) FROM STDIN") as copy:
            for item_id, (value, result) in rows.items():
                copy.write_row((item_id, value, result))
        where = {"dataset": collection.dataset_id, "user": collection.created_by_id, "schema": schema_version}
        cursor.execute(_RECORD, where)
        written = cursor.fetchall()
        ids, tasks = [row[0] for row in written], [row[1] for row in written]
        cursor.execute(_MAKE_CURRENT, {"ids": ids})
        cursor.execute(_FINISH, {"tasks": tasks})
        mark_several(tasks)
        cursor.execute(_LABELED_BY_PEOPLE, {"tasks": tasks})
        by_people = {row[0] for row in cursor.fetchall()}
    labels = [(item, value, pk) for pk, _, item, value in written if item not in by_people]
    record_labels(dataset=collection.dataset, labels=labels)
    return ImportedLabels(recorded=len(ids), unchanged=len(rows) - len(ids), kept=len(by_people))


def _split(rows: Iterable[Imported], size: int) -> Iterator[list[Imported]]:
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch


def refresh_statistics() -> None:
    """Tell Postgres' planner about many new tasks and labels, so that queues and exports after them are fast."""
    bulk.refresh_statistics("annotations_task", "annotations_annotation", "annotations_suggestion")
