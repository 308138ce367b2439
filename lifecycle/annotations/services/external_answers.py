"""One annotation or prediction at a time, as a client of the Label Studio door writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from lifecycle.annotations import selectors
from lifecycle.annotations.authors import AUTHOR
from lifecycle.annotations.label_studio import swap_names
from lifecycle.annotations.models import Annotation, Suggestion, Task
from lifecycle.annotations.services import answers, quiz_gate, webhooks
from lifecycle.annotations.services.external import get_interface
from lifecycle.annotations.services.external_labels import (
    Answer,
    LabelReader,
    settle_tasks,
    write_answers,
    write_proposals,
)
from lifecycle.annotations.services.external_tasks import SHOWN_ERRORS, BadTasks
from lifecycle.annotations.services.imported_authors import find_authors
from lifecycle.annotations.services.ordering import FROM_SUGGESTIONS, note_change
from lifecycle.common.errors import DomainError, Forbidden
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

Kind, Origin = Annotation.Kind, Annotation.Origin


def create_answer(*, project: Project, user, role: str, task: Task, raw: Any) -> Annotation:
    """The caller's answer to a task; a second one of the same person is the next version of their first.

    A reviewer may add one where the task has all it wanted, an engineer one that somebody else gave (`completed_by`):
    that is an imported answer of theirs. Conflict for who has a quiz to pass first.
    """
    quiz_gate.require_passed(project, user, role=role)
    answer = _read(project, raw)
    if answer.author and find_authors(project, user, {answer.author})[answer.author] != user.pk:
        return _bring_in(project, user, task, answer)
    with transaction.atomic():
        if is_allowed(role, "reviewer"):
            _make_room(task, user)
        return _submit(project, user, task.pk, answer)


def _bring_in(project: Project, user, task: Task, answer: Answer) -> Annotation:
    """What somebody else said, as an import brings it: once, however often it is sent."""
    with transaction.atomic():
        is_new = write_answers(project=project, user=user, rows=[(task.pk, answer)]) > 0
        author = find_authors(project, user, {answer.author})[answer.author]
        given = Annotation.objects.filter(task=task, user=author, is_current=True, kind=answer.kind)
        annotation = given.filter(result=answer.result).order_by("-pk")[0]
        if is_new:
            webhooks.notify_annotation(project=project, annotation=annotation, is_first=True)
    return annotation


def _make_room(task: Task, user) -> None:
    locked = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    mine = locked.annotations.filter(user=user, is_current=True, origin=Origin.HUMAN, kind=Kind.ANSWER)
    if locked.answers >= locked.overlap and not mine.exists():
        locked.overlap = min(locked.answers + 1, 32_000)
        locked.save(update_fields=["overlap", "updated_at"])


def _submit(project: Project, user, task_id: int, answer: Answer) -> Annotation:
    if answer.kind == Kind.SKIP:
        lead = answer.lead_time_ms
        return answers.skip(project=project, user=user, task_id=task_id, lead_time_ms=lead, may_answer_any=True)
    return answers.submit_read(
        project=project,
        user=user,
        task_id=task_id,
        result=answer.result,
        value=answer.value,
        lead_time_ms=answer.lead_time_ms,
        external=answer.external,
    )


@transaction.atomic
def change_answer(*, project: Project, user, role: str, annotation: Annotation, raw: Mapping[str, Any]) -> Annotation:
    """The next version of an answer; what `raw` does not say stays as it is. One's own, or an imported one.

    Conflict for who has a quiz to pass first.
    """
    quiz_gate.require_passed(project, user, role=role)
    lead = annotation.lead_time_ms
    before = {
        "result": swap_names(get_interface(project), annotation.result),
        "was_cancelled": annotation.kind == Kind.SKIP,
        "lead_time": None if lead is None else lead / 1_000,
    }
    answer = _read(project, before | dict(annotation.external or {}) | dict(raw))
    if annotation.origin == Origin.HUMAN:
        if annotation.user_id != user.pk:
            raise Forbidden("This is another person's answer. Add your own instead.")
        return _submit(project, user, annotation.task_id, answer)
    _require_reviewer(role)
    task = _lock(project, annotation)
    Annotation.objects.filter(pk=annotation.pk).update(is_current=False)
    known = {name: said for name, said in (annotation.external or {}).items() if name == AUTHOR}
    changed = Annotation.objects.create(
        task_id=annotation.task_id,
        item_id=annotation.item_id,
        user_id=annotation.user_id,
        origin=annotation.origin,
        kind=answer.kind,
        result=answer.result,
        value=answer.value,
        previous=annotation,
        schema_version=selectors.get_schema(project).version,
        lead_time_ms=answer.lead_time_ms,
        external=(answer.external or {}) | known or None,
    )
    settle_tasks(project, {task.pk: task}, [task.pk])
    webhooks.notify_annotation(project=project, annotation=changed, is_first=False)
    return changed


@transaction.atomic
def delete_answer(*, project: Project, user, role: str, annotation: Annotation) -> None:
    """Take an answer back: one's own, or anybody's for a reviewer. Its versions stay in the history."""
    if annotation.user_id != user.pk:
        _require_reviewer(role)
    task = _lock(project, annotation)
    Annotation.objects.filter(pk=annotation.pk).update(is_current=False)
    withdrawn = Annotation.objects.create(
        task_id=annotation.task_id,
        item_id=annotation.item_id,
        user_id=annotation.user_id,
        origin=annotation.origin,
        kind=Kind.WITHDRAWN,
        previous=annotation,
        is_current=annotation.origin == Origin.HUMAN,
        schema_version=annotation.schema_version,
    )
    settle_tasks(project, {task.pk: task}, [task.pk])
    webhooks.notify_annotation(project=project, annotation=withdrawn, is_first=False)


def _lock(project: Project, annotation: Annotation) -> Task:
    tasks = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item")
    return tasks.get(pk=annotation.task_id, dataset__project=project)


def _read(project: Project, raw: Any) -> Answer:
    reader = LabelReader(get_interface(project))
    try:
        return reader.read_answer(raw)
    except ValueError as error:
        raise DomainError(str(error), fields={"result": str(error)}) from None


def _require_reviewer(role: str) -> None:
    if not is_allowed(role, "reviewer"):
        raise Forbidden("Only a reviewer may change labels that somebody else gave.")


@transaction.atomic
def create_suggestion(*, project: Project, user, task: Task, raw: Any) -> Suggestion:
    """A prediction for a task. The same one word for word is stored once."""
    proposal = _read_proposal(project, raw)
    write_proposals(project=project, user=user, rows=[(task.pk, proposal)])
    same = Suggestion.objects.filter(task=task, model_version=proposal.model_version, result=proposal.result)
    return same.order_by("-pk")[0]


@transaction.atomic
def import_suggestions(*, project: Project, user, rows: Sequence[Any]) -> int:
    """Predictions for tasks of this project, all or none; returns how many were new."""
    asked = [row.get("task") if isinstance(row, Mapping) else None for row in rows]
    wanted = [pk for pk in asked if isinstance(pk, int) and 0 < pk < 1 << 62]
    known = set(Task.objects.filter(dataset__project=project, pk__in=wanted).values_list("pk", flat=True))
    problems = [f"Error at item {place}: there is no task {pk}" for place, pk in enumerate(asked) if pk not in known]
    if problems:
        raise BadTasks(problems[:SHOWN_ERRORS])
    proposals = [(row["task"], _read_proposal(project, row)) for row in rows]
    return write_proposals(project=project, user=user, rows=proposals)


@transaction.atomic
def change_suggestion(*, project: Project, suggestion: Suggestion, raw: Mapping[str, Any]) -> Suggestion:
    """Other words of a prediction; what `raw` does not say stays."""
    before = {
        "result": swap_names(get_interface(project), suggestion.result),
        "score": suggestion.score,
        "model_version": suggestion.model_version,
    }
    proposal = _read_proposal(project, before | dict(raw))
    for name in ("result", "score", "model_version", "value"):
        setattr(suggestion, name, getattr(proposal, name))
    if raw.keys() & {"result", "score"}:
        suggestion.uncertainty = proposal.uncertainty
        note_change(project_id=project.pk, orders=FROM_SUGGESTIONS)
    suggestion.save()
    return suggestion


def delete_suggestion(*, suggestion: Suggestion) -> None:
    suggestion.delete()


def _read_proposal(project: Project, raw: Any):
    reader = LabelReader(get_interface(project))
    try:
        return reader.read_proposal(raw)
    except ValueError as error:
        raise DomainError(str(error), fields={"result": str(error)}) from None
