"""Let answers follow a schema: what was renamed, merged or taken out, as new versions of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.label_filters import says_label
from lifecycle.annotations.models import Annotation, LabelSchema, Suggestion, Task
from lifecycle.annotations.quality_models import FinalLabel
from lifecycle.annotations.queue_models import GoldItem
from lifecycle.annotations.schema_rules import SchemaChange, migrate_result
from lifecycle.annotations.services.disagreement import mark_differing
from lifecycle.annotations.services.external_labels import settle_tasks
from lifecycle.annotations.services.final_renames import carry_final_labels
from lifecycle.annotations.uses import is_plain
from lifecycle.contracts.label_interface import Interface
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services import record_labels
from lifecycle.jobs import services as jobs
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

BATCH = 500
AT_ONCE = 1_000  # answers that follow within the request; more are a job's

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


def carry_over(
    *, project: Project, actor, schema: LabelSchema, old: Interface, new: Interface, change: SchemaChange
) -> None:
    """Bring the current answers in line with a new schema: here where they are few or plain classes, else as a job."""
    if is_plain(old) and is_plain(new) and not change.lost_controls:
        for before, after in change.renamed.get(new.main, {}).items():
            rename_class(project=project, actor=actor, schema=schema, old=before, new=after)
    else:
        _tell(project, actor, schema, change)
    few = (
        list_affected(project, old, change)[:AT_ONCE].count()
        + _list_proposals(Suggestion, project, change)[:AT_ONCE].count()
    )
    if few < AT_ONCE:
        migrate_answers(project=project, schema=schema, change=change, old=old)
        return
    jobs.enqueue(
        kind="relabel",
        title=f"Bring the labels in line with schema {schema.version}",
        spec={"schema_id": schema.pk, "change": change.to_json()},
        project=project,
        created_by=actor,
        subject_type="label_schema",
        subject_id=schema.pk,
    )


def list_affected(project: Project, old: Interface, change: SchemaChange) -> QuerySet[Annotation]:
    """Current answers that say something which has another name or no place any more."""
    asked = Q(pk__in=[])
    for name in (*change.lost_controls, *change.controls):
        asked |= Q(result__contains=[{"from_name": name}])
    for name in change.renamed.keys() | change.lost_labels.keys():
        control = old.by_name[name]
        labels = [*change.renamed.get(name, {}), *change.lost_labels.get(name, ())]
        if control.tag == "Relations":
            asked |= Q(result__contains=[{"type": "relation"}])
        elif control.nested:
            asked |= Q(result__contains=[{"from_name": name}])
        else:
            for label in labels:
                asked |= says_label(control, label)
    current = Annotation.objects.filter(task__dataset__project=project, is_current=True, kind=Annotation.Kind.ANSWER)
    return current.filter(asked)


def migrate_answers(
    *,
    project: Project,
    schema: LabelSchema,
    change: SchemaChange,
    old: Interface,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """A new version of every current answer that the change touches; suggestions, gold and final labels follow. Returns
    how many answers.

    A batch is one transaction, and what was done is no longer found: safe to repeat.
    """
    new, count = selectors.read_interface(project, schema), 0
    while not should_stop():
        ids = list(list_affected(project, old, change).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not ids:
            break
        moved = _migrate_batch(project, schema, change, new, ids)
        count += moved
        if not moved:  # nothing of what is left can be told apart: a label that only has the same name elsewhere
            break
    for model in (Suggestion, GoldItem):
        _migrate_proposals(model, project, change, new)
    for old_name, new_name in change.renamed.get(new.main, {}).items():
        FinalLabel.objects.filter(item__dataset__project=project, value=old_name).update(value=new_name)
    if not is_plain(old):  # else the answers that labels come from were followed one class at a time
        carry_final_labels(project=project, schema=schema, change=change, new=new)
    return count


@transaction.atomic
def _migrate_batch(project: Project, schema: LabelSchema, change: SchemaChange, new: Interface, ids: list[int]) -> int:
    wanted = Annotation.objects.filter(pk__in=ids, is_current=True)
    locked = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item")
    tasks = {task.pk: task for task in locked.filter(pk__in=wanted.values("task")).order_by("pk")}
    made = []
    for answer in wanted.order_by("pk"):
        result = migrate_result(answer.result, change, new)
        if result == answer.result:
            continue
        made.append(_copy(answer, result, new.read_value(result), schema.version))
    Annotation.objects.filter(pk__in=[one.previous_id for one in made]).update(is_current=False)
    Annotation.objects.bulk_create(made)
    settle_tasks(project, tasks, sorted({one.task_id for one in made}))
    return len(made)


def _copy(answer: Annotation, result: list, value: str | None, version: int) -> Annotation:
    """The next version of an answer, by the same person, with nothing but its names changed."""
    return Annotation(
        task_id=answer.task_id,
        item_id=answer.item_id,
        user_id=answer.user_id,
        origin=answer.origin,
        kind=answer.kind,
        result=result,
        value=value,
        previous=answer,
        schema_version=version,
        guide_version=answer.guide_version,
        lead_time_ms=answer.lead_time_ms,
        external=answer.external,
    )


def _list_proposals(model: Any, project: Project, change: SchemaChange) -> Any:
    """Suggestions, or gold items, that speak of a control whose labels change."""
    asked = Q(pk__in=[])
    for name in change.renamed.keys() | change.lost_labels.keys() | change.controls.keys() | set(change.lost_controls):
        asked |= Q(result__contains=[{"from_name": name}])
    return model.objects.filter(asked, task__dataset__project=project)


def _migrate_proposals(model: Any, project: Project, change: SchemaChange, new: Interface) -> None:
    changed = []
    for one in _list_proposals(model, project, change).iterator(BATCH):
        result = migrate_result(one.result, change, new)
        if result != one.result:
            one.result, one.value = result, new.read_value(result)
            changed.append(one)
    model.objects.bulk_update(changed, ["result", "value"], batch_size=BATCH)


def _tell(project: Project, actor, schema: LabelSchema, change: SchemaChange) -> None:
    moved = (*change.renamed.values(), change.controls)
    renamed = [f"“{old}” to “{new}”" for names in moved for old, new in names.items()]
    gone = [label for labels in change.lost_labels.values() for label in labels] + list(change.lost_controls)
    parts = [f"renamed {', '.join(renamed[:3])}"] if renamed else []
    parts += [f"took out {', '.join(gone[:3])}"] if gone else []
    record_event(
        project=project,
        actor=actor,
        verb="schema.labels_moved",
        summary=f"Labels follow schema {schema.version}: {'; '.join(parts)}"[:300],
        object_type="label_schema",
        object_id=schema.pk,
        details=change.to_json(),
    )


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
        mark_differing(project)  # what was called by both names is one thing now
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
