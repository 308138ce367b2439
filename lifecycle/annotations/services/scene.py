"""Everything an answer is judged by, read in one statement while the task's row lock is held."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import connection

from lifecycle.annotations import rules
from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.common.errors import NotFound
from lifecycle.contracts.label_interface import Interface
from lifecycle.projects.models import Project

# NO KEY: a row that refers to the task may be written beside this, another answer may not.
# The share of the project's key keeps its schema from being replaced before this transaction ends.
_LOCK = """
SELECT t.id FROM annotations_task t
JOIN datasets_dataset d ON d.id = t.dataset_id
JOIN projects_project p ON p.id = d.project_id
WHERE t.id = %(task)s AND p.id = %(project)s
FOR NO KEY UPDATE OF t FOR KEY SHARE OF p
"""

# a statement of its own, so that it sees what the last holder of the lock committed
_READ = """
SELECT t.item_id, t.dataset_id, t.overlap, t.answers, i.label, i.label_annotation_id, i.excluded_at IS NOT NULL,
    (SELECT coalesce(max(g.version) FILTER (WHERE g.version = %(guide)s), max(g.version))
     FROM annotations_guideversion g WHERE g.project_id = %(project)s),
    (SELECT q.lease_seconds FROM annotations_queuesettings q WHERE q.project_id = %(project)s),
    EXISTS (SELECT 1 FROM annotations_lease l WHERE l.task_id = t.id AND l.user_id = %(user)s),
    (SELECT count(*) FROM annotations_lease l
     WHERE l.task_id = t.id AND l.user_id <> %(user)s AND l.expires_at > statement_timestamp()),
    (SELECT g.id FROM annotations_golditem g WHERE g.task_id = t.id AND g.is_active),
    (SELECT a.id FROM annotations_annotation a WHERE a.user_id = %(user)s AND a.idempotency_key = %(key)s),
    (SELECT json_agg(json_build_array(a.id, a.user_id, a.kind, a.origin, a.value, a.reason) ORDER BY a.id)::text
     FROM annotations_annotation a WHERE a.task_id = t.id AND a.is_current)
FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
WHERE t.id = %(task)s
"""


@dataclass(frozen=True)
class Scene:
    """A locked task as one person finds it."""

    task_id: int
    item_id: int
    dataset_id: int
    overlap: int
    answers: int
    label: str | None
    label_annotation_id: int | None
    is_excluded: bool
    guide_version: int | None  # the one that was shown, else the newest; None while there is none
    lease_seconds: int | None  # None while the queue has its default settings
    was_lent: bool  # to this person, at any time
    others_holding: int  # live leases of other people
    gold_id: int | None  # its right answer is known
    repeat_id: int | None  # the answer that came with the same key before
    current: tuple[rules.Current, ...]
    own: rules.Current | None


def lock_scene(project: Project, user, task_id: int, key: str | None, shown_guide: int | None = None) -> Scene:
    """Lock a task of this project and read what an answer to it depends on; NotFound when it has none such.

    `shown_guide` is the guide's version that the person had before them; one that never was counts for nothing.
    """
    where = {"project": project.pk, "user": user.pk, "task": task_id, "key": key, "guide": shown_guide}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, where)
        if cursor.fetchone() is None:
            raise NotFound("There is no such task in this project.")
        cursor.execute(_READ, where)
        *plain, versions = cursor.fetchone()
    current = tuple(rules.Current(*fields) for fields in json.loads(versions or "[]"))
    mine = [version for version in current if version.user_id == user.pk]
    own = next((version for version in mine if version.origin != "import"), mine[0] if mine else None)
    return Scene(*(task_id, *plain, current, own))


def find_interface(project: Project) -> tuple[int, Interface] | None:
    """(version, what it asks) of the schema that counts now."""
    schema = find_schema(project)
    return (schema.version, read_interface(project, schema)) if schema else None
