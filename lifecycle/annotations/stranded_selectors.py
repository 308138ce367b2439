"""Open tasks that nobody is left for: everybody in the project who may label answered or skipped them already."""

from __future__ import annotations

from typing import Any

from django.db import connection

from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import list_members

# Those that as many answered as there are people, or that somebody skipped: all others wait for somebody who is there.
_STRANDED = """
WITH candidate AS (
    SELECT t.id FROM annotations_task t JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %(project)s AND t.state = 'open' AND t.answers >= %(people_count)s
    UNION
    SELECT t.id FROM annotations_annotation s JOIN annotations_task t ON t.id = s.task_id
    JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %(project)s AND t.state = 'open' AND s.is_current AND s.kind = 'skip'
)
SELECT c.id FROM candidate c
JOIN annotations_task t ON t.id = c.id JOIN datasets_item i ON i.id = t.item_id
WHERE i.excluded_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM unnest(%(people)s::bigint[]) p (id)
    WHERE NOT EXISTS (
        SELECT 1 FROM annotations_annotation a
        WHERE a.task_id = c.id AND a.user_id = p.id AND a.is_current AND a.origin = 'human' AND a.kind <> 'withdrawn')
      AND NOT EXISTS (
        SELECT 1 FROM annotations_review r
        WHERE r.task_id = c.id AND r.annotator_id = p.id AND r.verdict = 'rejected' AND r.return_to = 'other'))
ORDER BY c.id
"""


def list_stranded(project: Project) -> list[int]:
    """Ids of these tasks, in the order of their making."""
    members = list_members(project).filter(user__is_active=True)
    people = [member.user_id for member in members if is_allowed(member.role, "annotator")]
    where: dict[str, Any] = {"project": project.pk, "people": people, "people_count": max(1, len(people))}
    with connection.cursor() as cursor:
        cursor.execute(_STRANDED, where)
        return [row[0] for row in cursor.fetchall()]
