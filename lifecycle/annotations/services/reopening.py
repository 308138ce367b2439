"""Send tasks back to the queue for one more answer, many at once, and take that back while nobody has answered."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from lifecycle.annotations.models import URGENT, Annotation, Task
from lifecycle.annotations.services.ordering import LABEL_AGAIN
from lifecycle.projects.models import Project

Before = tuple[int, str, int, str, float, int]  # task id, state, overlap, skip reason, priority, answers: as it was

_REOPEN = f"""
WITH wanted AS (
    SELECT t.id, t.item_id, t.state, t.overlap, t.skip_reason, t.priority FROM annotations_task t
    JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %(project)s AND t.{{key}} = ANY(%(ids)s::bigint[])
      AND (t.state <> 'open' OR %(asks_open)s AND t.priority < {URGENT})
    ORDER BY t.id FOR NO KEY UPDATE OF t
)
UPDATE annotations_task t
SET state = 'open', skip_reason = '', priority = {LABEL_AGAIN}, updated_at = now(),
    overlap = CASE WHEN w.state = 'open' THEN t.overlap ELSE greatest(t.overlap, t.answers + 1) END
FROM wanted w WHERE t.id = w.id
RETURNING t.id, w.state, w.overlap, w.skip_reason, w.priority, t.answers, t.item_id
"""
_CLOSE = f"""
WITH before AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(overlaps)s::int[], %(reasons)s::text[],
                         %(priorities)s::float8[], %(answers)s::int[])
             AS b (id, state, overlap, skip_reason, priority, answers)
), wanted AS (
    SELECT t.id FROM annotations_task t JOIN before b ON b.id = t.id JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %(project)s AND t.state = 'open' AND t.priority = {LABEL_AGAIN} AND t.answers = b.answers
      AND NOT EXISTS (SELECT 1 FROM annotations_lease l WHERE l.task_id = t.id AND l.expires_at > statement_timestamp())
    ORDER BY t.id FOR NO KEY UPDATE OF t
)
UPDATE annotations_task t
SET state = b.state, overlap = b.overlap, skip_reason = b.skip_reason, priority = b.priority, updated_at = now()
FROM before b, wanted w WHERE t.id = w.id AND b.id = w.id
RETURNING t.id, b.state, t.item_id
"""
_COPY_VERSIONS = """
INSERT INTO annotations_annotation
    (task_id, item_id, user_id, origin, kind, result, value, reason, previous_id, is_current, schema_version,
     guide_version, created_at)
SELECT a.task_id, a.item_id, a.user_id, 'human', %(kind)s, '[]'::jsonb, NULL,
       CASE WHEN %(kind)s = 'skip' THEN p.reason ELSE '' END, a.id, true, a.schema_version, a.guide_version, now()
FROM annotations_annotation a LEFT JOIN annotations_annotation p ON p.id = a.previous_id
WHERE a.id = ANY(%(ids)s)
"""


def reopen(*, project: Project, actor, task_ids: Sequence[int]) -> int:
    """Ask for (one more) answer on tasks that are done or skipped; returns how many went back to the queue."""
    with transaction.atomic():
        return len(_reopen(project, "id", task_ids, asks_open=False)[1])


def request_labels(*, project: Project, item_ids: Sequence[int]) -> tuple[list[int], list[Before]]:
    """Send items to the head of the labelling queue: those that have their answers for one more, the others as they
    are. Returns the items that were not waiting there already, and what `withdraw_request` needs."""
    with transaction.atomic():
        return _reopen(project, "item_id", item_ids, asks_open=True)


def withdraw_request(*, project: Project, before: Sequence[Before]) -> list[int]:
    """Make tasks what they were before `request_labels`, but for those that somebody has answered since or has in
    hand. Returns the items of those that changed."""
    if not before:
        return []
    names = ("ids", "states", "overlaps", "reasons", "priorities", "answers")
    columns = {name: list(column) for name, column in zip(names, zip(*before, strict=True), strict=True)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"project": project.pk, **columns})
        closed = cursor.fetchall()
        _follow([pk for pk, state, _ in closed if state == Task.State.SKIPPED], "withdrawn", "skip")
    return [item_id for _, _, item_id in closed]


def _reopen(project: Project, key: str, ids: Sequence[int], *, asks_open: bool) -> tuple[list[int], list[Before]]:
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN.format(key=key), {"project": project.pk, "ids": list(ids), "asks_open": asks_open})
        rows = cursor.fetchall()
    before: list[Before] = [row[:6] for row in rows]
    _follow([row[0] for row in rows if row[1] == Task.State.SKIPPED], "skip", "withdrawn")
    return [row[6] for row in rows], before


def _follow(task_ids: list[int], old: str, new: str) -> None:
    """A version of the kind `new` in place of each current one of the kind `old`. Call within a transaction."""
    if not task_ids:
        return
    current = Annotation.objects.filter(task__in=task_ids, is_current=True, kind=old)
    if old == Annotation.Kind.WITHDRAWN:
        current = current.filter(previous__kind=Annotation.Kind.SKIP)
    ids = list(current.values_list("pk", flat=True))
    Annotation.objects.filter(pk__in=ids).update(is_current=False)  # first: one current version a person
    with connection.cursor() as cursor:
        cursor.execute(_COPY_VERSIONS, {"ids": ids, "kind": new})
