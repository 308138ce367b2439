"""Gold items in the queue: lent like any task to people who have not seen them, scored and never counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from lifecycle.annotations import gold_rules
from lifecycle.annotations.models import Annotation, GoldAttempt, GoldItem, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

# not those that they answered, hold, marked themselves or were asked in a quiz; in an order that nobody can foresee
_LEASE = """
INSERT INTO annotations_lease (task_id, user_id, expires_at, created_at)
SELECT g.task_id, %(user)s, statement_timestamp() + %(seconds)s * interval '1 second', statement_timestamp()
FROM annotations_golditem g
JOIN annotations_task t ON t.id = g.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
JOIN datasets_item i ON i.id = t.item_id
WHERE d.project_id = %(project)s AND g.is_active AND t.state = 'done' AND i.excluded_at IS NULL
  AND g.created_by_id <> %(user)s
  AND NOT EXISTS (
      SELECT 1 FROM annotations_annotation a WHERE a.task_id = t.id AND a.user_id = %(user)s AND a.is_current)
  AND NOT EXISTS (
      SELECT 1 FROM annotations_lease l
      WHERE l.task_id = t.id AND l.user_id = %(user)s AND l.expires_at > statement_timestamp())
  AND NOT EXISTS (
      SELECT 1 FROM annotations_quizattempt q WHERE q.project_id = %(project)s AND q.user_id = %(user)s
      AND q.questions @> jsonb_build_array(jsonb_build_object('item', t.item_id)))
ORDER BY random() LIMIT %(count)s
ON CONFLICT (task_id, user_id) DO UPDATE SET expires_at = excluded.expires_at
RETURNING task_id
"""

# an answer to a gold item ends the lease; who never held it cannot renew it
_RENEW = """
UPDATE annotations_lease l SET expires_at = statement_timestamp() + %(seconds)s * interval '1 second'
FROM annotations_golditem g
WHERE l.user_id = %(user)s AND l.task_id = ANY(%(tasks)s) AND g.task_id = l.task_id AND g.is_active
  AND NOT EXISTS (
      SELECT 1 FROM annotations_annotation a
      WHERE a.task_id = l.task_id AND a.user_id = %(user)s AND a.is_current AND a.kind <> 'withdrawn')
RETURNING l.task_id
"""


@dataclass(frozen=True)
class Feedback:
    """What an annotator is told right after an answer to a gold item."""

    is_right: bool
    expected: list[Any]  # the result that is right
    expected_value: str | None
    explanation: str


def lease(*, project: Project, user, count: int, seconds: int) -> list[int]:
    """Up to `count` gold items this person has not seen, lent to them like any task; returns the ids of the tasks."""
    where = {"project": project.pk, "user": user.pk, "count": count, "seconds": seconds}
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, where)
        return [row[0] for row in cursor.fetchall()]


def renew(*, user, task_ids: Sequence[int], seconds: int) -> set[int]:
    """Keep leases of gold items alive."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {"user": user.pk, "tasks": list(task_ids), "seconds": seconds})
        return {row[0] for row in cursor.fetchall()}


def disguise(project: Project, user, tasks: Sequence[Task]) -> None:
    """Have gold items look like tasks that nobody else has answered, to people who are handed them. In memory only."""
    finished = [task.pk for task in tasks if task.state == Task.State.DONE]
    if not finished or is_allowed(project.role, "reviewer"):
        return
    known = set(GoldItem.objects.filter(task__in=finished, is_active=True).values_list("task_id", flat=True))
    settings = find_settings(project)
    own = Annotation.objects.filter(task__in=known, user=user, is_current=True, origin=Annotation.Origin.HUMAN)
    given = dict(own.values_list("task_id", "kind")) if known else {}
    for task in tasks:
        if task.pk in known:
            kind = given.get(task.pk)
            task.overlap, task.answers = settings.overlap, int(kind in (Annotation.Kind.ANSWER, Annotation.Kind.GOLD))
            task.state = Task.State.DONE if task.answers >= task.overlap else Task.State.OPEN
            if kind == Annotation.Kind.SKIP:
                task.state = Task.State.SKIPPED


def record_attempt(*, gold_id: int, annotation: Annotation, label_kind: str) -> None:
    """Score an answer to a gold item. Only a person's first one counts: after it they may know the right answer."""
    gold = GoldItem.objects.get(pk=gold_id)
    score = gold_rules.score_answer(label_kind, (gold.value, gold.result), (annotation.value, annotation.result))
    GoldAttempt.objects.get_or_create(
        gold=gold,
        user_id=annotation.user_id,
        defaults={
            "annotation": annotation,
            "is_right": score >= gold_rules.RIGHT_FROM,
            "score": score,
            "rule": gold_rules.RULE,
        },
    )


def describe_feedback(project: Project, annotation: Annotation) -> Feedback | None:
    """What to tell about this answer; None for an ordinary task, or where the project keeps it to itself."""
    if annotation.kind != Annotation.Kind.GOLD:
        return None
    if not find_settings(project).has_gold_feedback:
        return None
    attempts = GoldAttempt.objects.filter(gold__task_id=annotation.task_id, user_id=annotation.user_id)
    attempt = attempts.select_related("gold").first()
    if attempt is None:
        return None
    gold = attempt.gold
    return Feedback(attempt.is_right, gold.result, gold.value, gold.explanation)
