"""Which answers are right for sure: a reviewer marks one of an item, and takes it back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lifecycle.annotations.models import Annotation, GoldItem, Task
from lifecycle.annotations.services.answers import settle
from lifecycle.annotations.services.gold_scores import rescore_item
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_AT_ONCE = 1_000
MAX_EXPLANATION = 2_000
VALUE_KINDS = (LabelKind.CLASS, LabelKind.NUMBER)


def mark(*, project: Project, actor, annotation: Annotation, explanation: str = "") -> GoldItem:
    """Make an answer the right one of its item; the task leaves the queue, and comes back to others as a gold item."""
    explanation = _check_explanation(explanation)
    if annotation.kind != Annotation.Kind.ANSWER or not annotation.is_current:
        raise Conflict("Only an answer that stands can become gold: this one was skipped, undone or replaced.")
    with transaction.atomic():
        _finish(project, annotation.task_id)
        found = _write(annotation.task_id, annotation, actor, explanation)
        changed = rescore_item(project, found)
        record_event(
            project=project,
            actor=actor,
            verb="gold.marked",
            summary=f"Item {annotation.item_id} is gold now"
            + (f"; {changed:,} earlier answers to it are scored anew" if changed else ""),
            object_type="task",
            object_id=str(annotation.task_id),
        )
    return found


def mark_many(*, project: Project, actor, task_ids: Sequence[int], explanation: str = "") -> tuple[list[int], int]:
    """Make the answers that the labels of these tasks' items come from the right ones: the final label's where there is
    one, else the one that counts. Returns (tasks that are gold now, how many were left out: without a label, without
    an answer that says it, or gold already). At most MAX_AT_ONCE.
    """
    explanation = _check_explanation(explanation)
    wanted = list(dict.fromkeys(task_ids))
    if len(wanted) > MAX_AT_ONCE:
        raise DomainError(f"At most {MAX_AT_ONCE:,} gold items at once.")
    label_kind = get_problem_type(project.problem_type).label_kind
    with transaction.atomic():
        tasks = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item", "dataset")
        before = dict(GoldItem.objects.filter(task__in=wanted).values_list("task_id", "is_active"))
        locked = tasks.filter(pk__in=wanted, dataset__project=project, item__excluded_at=None)
        fresh = [task for task in locked.order_by("pk") if not before.get(task.pk)]
        answers = _find_right(fresh, label_kind)
        made = []
        for task in fresh:
            if (right := answers.get(task.pk)) is None:
                continue
            _settle_gold(task, label_kind)
            found = _write(task.pk, right, actor, explanation)
            if task.pk in before:  # gold again, maybe by another answer
                rescore_item(project, found)
            made.append(task.pk)
        if made:
            summary = f"{len(made):,} items are gold now"
            record_event(project=project, actor=actor, verb="gold.marked", summary=summary)
    return made, len(wanted) - len(made)


def _find_right(tasks: Sequence[Task], label_kind: str) -> dict[int, Annotation]:
    """{task: the answer that its item's label comes from}: by its id, else, where the label says it all, one of those
    that say the same."""
    stands = Q(kind=Annotation.Kind.ANSWER, is_current=True) | Q(kind=Annotation.Kind.CONSENSUS)
    rows = Annotation.objects.filter(stands, task__in=[task.pk for task in tasks]).order_by("-pk")
    by_task: dict[int, list[Annotation]] = {}
    for row in rows:
        by_task.setdefault(row.task_id, []).append(row)
    found = {}
    for task in tasks:
        given, item = by_task.get(task.pk, []), task.item
        right = [one for one in given if one.pk == item.label_annotation_id]
        right += [one for one in given if label_kind in VALUE_KINDS and one.is_current and one.value == item.label]
        if right and item.label is not None:
            found[task.pk] = right[0]
    return found


def retire_many(*, project: Project, actor, task_ids: Sequence[int]) -> int:
    """Take gold items out of the queue, as the undo of `mark_many` too; scores they gave stay. Returns how many."""
    found = GoldItem.objects.filter(task__in=list(task_ids), task__dataset__project=project, is_active=True)
    count = found.update(is_active=False, updated_at=timezone.now())
    if count:
        summary = f"{count:,} items are no gold items any more"
        record_event(project=project, actor=actor, verb="gold.retired", summary=summary)
    return count


def retire(*, project: Project, actor, gold: GoldItem) -> GoldItem:
    """Take a gold item out of the queue; scores it gave stay."""
    GoldItem.objects.filter(pk=gold.pk).update(is_active=False, updated_at=timezone.now())
    gold.is_active = False
    record_event(
        project=project,
        actor=actor,
        verb="gold.retired",
        summary=f"Task {gold.task_id} is no gold item any more",
        object_type="task",
        object_id=str(gold.task_id),
    )
    return gold


def _finish(project: Project, task_id: int) -> None:
    """An item whose answer is known wants no more of them."""
    tasks = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item", "dataset")
    task = tasks.get(pk=task_id, dataset__project=project)
    _settle_gold(task, get_problem_type(project.problem_type).label_kind)


def _settle_gold(task: Task, label_kind: str) -> None:
    if task.state == Task.State.DONE:
        return
    task.overlap = max(1, task.answers)
    task.save(update_fields=["overlap", "updated_at"])
    settle(task, label_kind)


def _write(task_id: int, annotation: Annotation, actor, explanation: str) -> GoldItem:
    found, _ = GoldItem.objects.update_or_create(
        task_id=task_id,
        defaults={
            "annotation": annotation,
            "result": annotation.result,
            "value": annotation.value,
            "explanation": explanation,
            "is_active": True,
            "created_by": actor,
        },
    )
    return found


def _check_explanation(explanation: str) -> str:
    explanation = explanation.strip()
    if len(explanation) > MAX_EXPLANATION:
        limit = f"{MAX_EXPLANATION:,} characters"
        raise DomainError(f"Explain in at most {limit}.", fields={"explanation": f"at most {limit}"})
    return explanation
