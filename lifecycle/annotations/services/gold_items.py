"""Which answers are right for sure: a reviewer marks one of an item, and takes it back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from lifecycle.annotations.models import Annotation, GoldItem, Task
from lifecycle.annotations.services.answers import settle
from lifecycle.annotations.services.gold_scores import rescore_item
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_EXPLANATION = 2_000


def mark(*, project: Project, actor, annotation: Annotation, explanation: str = "") -> GoldItem:
    """Make an answer the right one of its item; the task leaves the queue, and comes back to others as a gold item."""
    explanation = explanation.strip()
    if len(explanation) > MAX_EXPLANATION:
        limit = f"{MAX_EXPLANATION:,} characters"
        raise DomainError(f"Explain in at most {limit}.", fields={"explanation": f"at most {limit}"})
    if annotation.kind != Annotation.Kind.ANSWER or not annotation.is_current:
        raise Conflict("Only an answer that stands can become gold: this one was skipped, undone or replaced.")
    with transaction.atomic():
        _finish(project, annotation.task_id)
        found, _ = GoldItem.objects.update_or_create(
            task_id=annotation.task_id,
            defaults={
                "annotation": annotation,
                "result": annotation.result,
                "value": annotation.value,
                "explanation": explanation,
                "is_active": True,
                "created_by": actor,
            },
        )
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
    if task.state == Task.State.DONE:
        return
    task.overlap = max(1, task.answers)
    task.save(update_fields=["overlap", "updated_at"])
    settle(task, get_problem_type(project.problem_type).label_kind)
