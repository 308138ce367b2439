"""Everything an answer is judged by, read in one statement while the task is locked; and what it writes, in another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, LabelSchema
from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.common.errors import NotFound
from lifecycle.common.rows import Columns, open_cursor, read_one
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
_SCHEMA = Columns(LabelSchema, "s")
_READ = f"""
SELECT {_SCHEMA.sql}, nextval(pg_get_serial_sequence('annotations_annotation', 'id')),
    EXISTS (SELECT 1 FROM annotations_webhook w WHERE w.project_id = %(project)s AND w.is_active),
    EXISTS (SELECT 1 FROM annotations_assistancesettings h
            WHERE h.project_id = %(project)s AND h.is_on AND h.source_id IS NOT NULL),
    EXISTS (SELECT 1 FROM annotations_qualitysettings q WHERE q.project_id = %(project)s AND q.quiz_questions > 0),
    t.item_id, t.dataset_id, t.overlap, t.answers, i.label, i.label_annotation_id, i.excluded_at IS NOT NULL,
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
LEFT JOIN LATERAL (
    SELECT * FROM annotations_labelschema v WHERE v.project_id = %(project)s ORDER BY v.version DESC LIMIT 1
) s ON true
WHERE t.id = %(task)s
"""

# who has answered is not expected any more, and is again once the answer was taken back
_WRITE = """
WITH written AS (
    INSERT INTO annotations_annotation (id, task_id, item_id, user_id, origin, kind, result, value, reason, previous_id,
        is_current, schema_version, guide_version, lead_time_ms, idempotency_key, external, created_at)
    VALUES (%(id)s, %(task_id)s, %(item_id)s, %(user_id)s, %(origin)s, %(kind)s, %(result)s, %(value)s, %(reason)s,
        %(previous_id)s, true, %(schema_version)s, %(guide_version)s, %(lead_time_ms)s, %(idempotency_key)s,
        %(external)s, %(created_at)s)
), answered AS (
    UPDATE annotations_lease SET expires_at = statement_timestamp()
    WHERE task_id = %(task_id)s AND user_id = %(user_id)s AND expires_at > statement_timestamp()
), expected AS (
    UPDATE annotations_assignment SET is_open = %(is_withdrawn)s
    WHERE task_id = %(task_id)s AND user_id = %(user_id)s AND is_open <> %(is_withdrawn)s
)
UPDATE annotations_task SET answers = %(answers)s, state = %(state)s, skip_reason = %(skip_reason)s, updated_at = now(),
    disagreement = %(disagreement)s, is_disagreement_due = %(is_disagreement_due)s,
    is_reserved = (
        SELECT count(*) > 0 AND count(*) + %(answers)s >= annotations_task.overlap FROM annotations_assignment s
        WHERE s.task_id = %(task_id)s AND CASE WHEN s.user_id = %(user_id)s THEN %(is_withdrawn)s ELSE s.is_open END)
WHERE id = %(task_id)s
"""
_WRITTEN = (
    "id", "task_id", "item_id", "user_id", "origin", "kind", "value", "reason", "previous_id", "schema_version",
    "guide_version", "lead_time_ms", "idempotency_key", "created_at",
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """A locked task as one person finds it."""

    task_id: int
    schema: LabelSchema | None  # the one that counts now
    new_id: int  # of the version that is about to be written
    has_webhooks: bool  # that may want to hear of it
    has_assistance: bool  # suggestions are shown here
    has_quiz: bool  # that annotators pass before they answer
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
    where: dict[str, Any] = {"project": project.pk, "user": user.pk, "task": task_id, "key": key, "guide": shown_guide}
    with open_cursor() as cursor:
        cursor.execute(_LOCK, where)
        if cursor.fetchone() is None:
            raise NotFound("There is no such task in this project.")
    found = read_one(_READ, where, _SCHEMA)
    assert found is not None  # it is locked
    *plain, versions = found
    current = tuple(rules.Current(*fields) for fields in json.loads(versions or "[]"))
    mine = [version for version in current if version.user_id == user.pk]
    own = next((version for version in mine if version.origin != "import"), mine[0] if mine else None)
    return Scene(*(task_id, *plain, current, own))


def write_version(scene: Scene, annotation: Annotation, outcome: rules.Outcome) -> None:
    """Make `annotation`, which has the id that the scene drew for it, its author's current version, and bring leases,
    assignments and the task in line. The caller holds the task's row lock.
    """
    if scene.own:
        Annotation.objects.filter(pk=scene.own.id).update(is_current=False)
    fields = {name: getattr(annotation, name) for name in _WRITTEN}
    fields |= {"result": Jsonb(annotation.result), "is_withdrawn": annotation.kind == Annotation.Kind.WITHDRAWN}
    fields["external"] = None if annotation.external is None else Jsonb(annotation.external)
    settled = {name: getattr(outcome, name) for name in ("answers", "state", "skip_reason", "disagreement")}
    settled["is_disagreement_due"] = outcome.disagreement is not None
    with open_cursor() as cursor:
        cursor.execute(_WRITE, fields | settled)
    annotation._state.adding, annotation._state.db = False, connection.alias


def find_asked(project: Project, scene: Scene) -> tuple[int, Interface] | None:
    """(version, what it asks) of the schema that counts while the scene is locked."""
    return (scene.schema.version, read_interface(project, scene.schema)) if scene.schema else None


def find_interface(project: Project) -> tuple[int, Interface] | None:
    """(version, what it asks) of the schema that counts now."""
    schema = find_schema(project)
    return (schema.version, read_interface(project, schema)) if schema else None
