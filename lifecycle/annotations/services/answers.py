"""Take answers: submit, change, skip, undo. Every version is kept; all of it happens under the task's row lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.models import Annotation, LabelSchema, Lease, Task
from lifecycle.annotations.services.queue import find_settings, lend
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project

Kind = Annotation.Kind
Origin = Annotation.Origin

MAX_LEAD_TIME_MS = 24 * 3_600 * 1_000
SKIP_REASON_LENGTH = 200


@dataclass(frozen=True)
class _Version:
    """What is about to become somebody's current version."""

    kind: str
    result: Any = ()
    reason: str = ""
    lead_time_ms: int | None = None
    key: str | None = None


def submit(
    *,
    project: Project,
    user,
    task_id: int,
    result: Any,
    lead_time_ms: int | None = None,
    idempotency_key: str | None = None,
    may_answer_any: bool = False,
) -> Annotation:
    """Record a user's answer, their first one or a change of it. Committed when it returns.

    A repeat with the same key returns the same annotation. An answer after the lease ran out is taken while the task
    still wants one; otherwise Conflict. `may_answer_any` lets in a user whom the queue never gave the task.
    """
    lead, key = _clean_lead_time(lead_time_ms), _clean_key(idempotency_key)
    return _write(project, user, task_id, _Version(Kind.ANSWER, result, "", lead, key), may_answer_any)


def skip(
    *,
    project: Project,
    user,
    task_id: int,
    reason: str = "",
    lead_time_ms: int | None = None,
    idempotency_key: str | None = None,
    may_answer_any: bool = False,
) -> Annotation:
    """Say that an item cannot be labeled. The task leaves the queue until it is reopened or the skip is undone."""
    reason = " ".join(reason.split())[:SKIP_REASON_LENGTH]
    lead = _clean_lead_time(lead_time_ms)
    version = _Version(Kind.SKIP, reason=reason, lead_time_ms=lead, key=_clean_key(idempotency_key))
    return _write(project, user, task_id, version, may_answer_any)


def withdraw(*, project: Project, user, task_id: int, idempotency_key: str | None = None) -> Annotation:
    """Take back one's own answer or skip. The task is lent to the user again, so that they can answer it anew."""
    version = _Version(Kind.WITHDRAWN, key=_clean_key(idempotency_key))
    return _write(project, user, task_id, version, may_answer_any=False)


def reopen(*, project: Project, actor, task_ids: Sequence[int]) -> int:
    """Ask for (one more) answer on tasks that are done or skipped; returns how many went back to the queue."""
    count = 0
    with transaction.atomic():
        tasks = Task.objects.select_for_update().filter(pk__in=task_ids, dataset__project=project)
        for task in tasks.exclude(state=Task.State.OPEN).order_by("pk"):
            if task.state == Task.State.SKIPPED:
                _withdraw_skips(task)
            task.overlap = max(task.overlap, task.answers + 1)
            task.state, task.skip_reason = Task.State.OPEN, ""
            task.save()
            count += 1
    return count


def request_labels(*, project: Project, actor, item_ids: Sequence[int]) -> int:
    """Send items to the labelling queue, for one more answer each; returns how many were not waiting there already."""
    tasks = Task.objects.filter(item__in=item_ids, dataset__project=project).values_list("pk", flat=True)
    return reopen(project=project, actor=actor, task_ids=list(tasks))


def settle(task: Task, label_kind: str) -> None:
    """Bring a task's count, state and its item's label in line with its current answers; holds its row lock."""
    current = list(task.annotations.filter(is_current=True).order_by("pk"))
    task.answers = sum(1 for a in current if a.kind == Kind.ANSWER and a.origin == Origin.HUMAN)
    skips = [a for a in current if a.kind == Kind.SKIP]
    if task.answers >= task.overlap:
        task.state = Task.State.DONE
    else:
        task.state = Task.State.SKIPPED if skips else Task.State.OPEN
    task.skip_reason = skips[-1].reason if skips and task.state == Task.State.SKIPPED else ""
    task.save(update_fields=["answers", "state", "skip_reason", "updated_at"])
    answers = [
        rules.Answer(a.pk, a.value, a.origin == Origin.HUMAN)
        for a in current
        if a.kind == Kind.ANSWER and a.value is not None
    ]
    chosen = rules.choose_label(label_kind, answers, task.overlap)
    label, annotation_id = (chosen.value, chosen.id) if chosen else (None, None)
    if (task.item.label, task.item.label_annotation_id) != (label, annotation_id):
        record_labels(dataset=task.dataset, labels=[(task.item_id, label, annotation_id)])


def _write(project: Project, user, task_id: int, version: _Version, may_answer_any: bool) -> Annotation:
    try:
        with transaction.atomic():
            return _write_locked(project, user, task_id, version, may_answer_any)
    except IntegrityError as error:
        if "annotation_key_once" not in str(error):
            raise
        raise Conflict("This idempotency key was used for another answer.") from None


def _write_locked(project: Project, user, task_id: int, version: _Version, may_answer_any: bool) -> Annotation:
    # no_key: a row that refers to the task may be written beside this, another answer may not
    tasks = Task.objects.select_for_update(of=("self",), no_key=True).filter(dataset__project=project)
    task = tasks.select_related("item", "dataset").filter(pk=task_id).first()
    if task is None:
        raise NotFound("There is no such task in this project.")
    repeated = _find_repeat(user, task, version.key)
    if repeated:
        return repeated
    previous = task.annotations.filter(user=user, is_current=True).first()
    _check_room(task, user, previous, version, may_answer_any)
    schema, guide_version = _read_rules(project)
    value = _read_value(project, schema, version)
    if previous:
        Annotation.objects.filter(pk=previous.pk).update(is_current=False)
    annotation = Annotation.objects.create(
        task=task,
        item_id=task.item_id,
        user=user,
        kind=version.kind,
        result=list(version.result),
        value=value,
        reason=version.reason,
        previous=previous,
        schema_version=schema.version,
        guide_version=guide_version,
        lead_time_ms=version.lead_time_ms,
        idempotency_key=version.key,
    )
    settle(task, get_problem_type(project.problem_type).label_kind)
    _settle_leases(project, task, user, version)
    return annotation


def _read_rules(project: Project) -> tuple[LabelSchema, int | None]:
    """The newest schema, which cannot be replaced before this transaction ends, and the guide's version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM projects_project WHERE id = %s FOR KEY SHARE", [project.pk])
    schema = selectors.find_schema(project, with_guide_version=True)
    if schema is None:
        raise Conflict("This project has no label schema yet: an engineer has to set its classes first.")
    return schema, schema.newest_guide_version  # type: ignore[attr-defined]


def _read_value(project: Project, schema: LabelSchema, version: _Version) -> str | None:
    if version.kind != Kind.ANSWER:
        return None
    try:
        return rules.read_value(get_problem_type(project.problem_type).label_kind, schema.classes, version.result)
    except ValueError as error:
        raise DomainError(str(error)) from None


def _find_repeat(user, task: Task, key: str | None) -> Annotation | None:
    if key is None:
        return None
    found = Annotation.objects.filter(user=user, idempotency_key=key).first()
    if found and found.task_id != task.pk:
        raise Conflict("This idempotency key was used for another answer.")
    return found


def _check_room(task: Task, user, previous: Annotation | None, version: _Version, may_answer_any: bool) -> None:
    is_own = bool(previous and previous.origin == Origin.HUMAN)
    if not (is_own or may_answer_any or Lease.objects.filter(task=task, user=user).exists()):
        raise NotFound("This task is not yours to answer: take one from the queue.")
    if version.kind == Kind.WITHDRAWN:
        if not is_own or previous is None or previous.kind == Kind.WITHDRAWN:
            raise Conflict("There is nothing to undo: you have no answer on this item.")
        return
    replaces_answer = is_own and previous is not None and previous.kind == Kind.ANSWER
    if not replaces_answer and task.answers >= task.overlap:
        raise Conflict("This item got all the answers it wanted before yours arrived. Yours was not counted.")
    if task.item.excluded_at is not None:
        raise Conflict("This item was excluded from the dataset meanwhile. Your answer was not counted.")


def _settle_leases(project: Project, task: Task, user, version: _Version) -> None:
    """The answered lease ends; of the others' live ones only as many stay as there are answers wanted."""
    if version.kind == Kind.WITHDRAWN:
        lend(user=user, task=task, seconds=find_settings(project).lease_seconds)
        return
    live = Lease.objects.filter(task=task, expires_at__gt=Now())
    live.filter(user=user).update(expires_at=Now())
    room = max(0, task.overlap - task.answers) if task.state == Task.State.OPEN else 0
    surplus = list(live.exclude(user=user).order_by("created_at", "pk").values_list("pk", flat=True)[room:])
    if surplus:
        Lease.objects.filter(pk__in=surplus).update(expires_at=Now())


def _withdraw_skips(task: Task) -> None:
    for skipped in task.annotations.filter(is_current=True, kind=Kind.SKIP):
        Annotation.objects.filter(pk=skipped.pk).update(is_current=False)
        Annotation.objects.create(
            task=task,
            item_id=task.item_id,
            user_id=skipped.user_id,
            kind=Kind.WITHDRAWN,
            previous=skipped,
            schema_version=skipped.schema_version,
        )


def _clean_lead_time(lead_time_ms: int | None) -> int | None:
    return None if lead_time_ms is None else max(0, min(int(lead_time_ms), MAX_LEAD_TIME_MS))


def _clean_key(key: str | None) -> str | None:
    if key is not None and not 8 <= len(key) <= 64:
        raise DomainError("An idempotency key has 8 to 64 characters.")
    return key
