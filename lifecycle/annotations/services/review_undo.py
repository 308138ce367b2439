"""Take a verdict back: what it did is undone as far as nobody built on it, and the answer waits for a verdict again."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from lifecycle.annotations.models import Annotation, FinalLabel, Lease, Review, Task
from lifecycle.annotations.review_selectors import get_review
from lifecycle.annotations.services import webhooks
from lifecycle.annotations.services.answers import settle
from lifecycle.annotations.services.assignment import refresh_reserved
from lifecycle.annotations.services.comments import forget_counts
from lifecycle.annotations.services.reviews import lock_task
from lifecycle.common.errors import Conflict, NotFound
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

Kind, Verdict = Annotation.Kind, Review.Verdict


def withdraw(*, project: Project, user, review_id: int) -> Annotation:
    """Take a verdict back, one's own or another reviewer's; returns the answer it was on, as it counts again.

    Conflict where somebody answered or judged since. The project's history keeps what the verdict was.
    """
    with transaction.atomic():
        task = lock_task(project, get_review(project, review_id).annotation_id)
        review = Review.objects.select_related("annotation__user", "reviewer", "fixed_by").filter(pk=review_id).first()
        if review is None:
            raise NotFound("Somebody took this verdict back already.")
        _UNDO[review.verdict](project, task, review)
        _note(project, user, review)
        told = list(review.notices.values_list("user_id", flat=True))
        review.delete()
        transaction.on_commit(lambda: forget_counts(told))
        if review.verdict != Verdict.ACCEPTED:
            settle(task, get_problem_type(project.problem_type).label_kind)
            refresh_reserved(project=project, task_ids=[task.pk])
            _end_needless_leases(task)
        _restore_doubt(task)
        given = Annotation.objects.select_related("user", "item", "task").get(pk=review.annotation_id)
        if review.verdict != Verdict.ACCEPTED:
            webhooks.notify_annotation(project=project, annotation=given, is_first=False)
    return given


def _keep_answer(project: Project, task: Task, review: Review) -> None:
    """An accepted answer was left as it is."""


def _take_answer_in(project: Project, task: Task, review: Review) -> None:
    """A rejected answer counts again, unless its author or somebody in their place has given a new one."""
    given = review.annotation
    current = task.annotations.filter(is_current=True).exclude(kind=Kind.WITHDRAWN)
    if given.origin != Annotation.Origin.IMPORT:
        if current.filter(user=given.user_id).exclude(origin=Annotation.Origin.IMPORT).exists():
            raise Conflict(f"{given.user.username} answered this item anew since. Judge the new answer.")
        if task.answers >= task.overlap:
            raise Conflict("Somebody else answered this item in their place since. Judge that answer.")
        task.annotations.filter(is_current=True, user=given.user_id, kind=Kind.WITHDRAWN).update(is_current=False)
        task.assignments.filter(user=given.user_id).update(is_open=False)
    Annotation.objects.filter(pk=given.pk).update(is_current=True)


def _take_fix_out(project: Project, task: Task, review: Review) -> None:
    """What the reviewer wrote goes, the answer counts again, and so does what the reviewer had said before."""
    given, written = review.annotation, review.fixed_by
    assert written is not None  # the verdict says so
    if not written.is_current or written.reviews.exists():
        raise Conflict("The better answer was changed or judged since. Open it and judge it as it is now.")
    before = task.annotations.filter(user=written.user_id, pk__lt=written.pk).order_by("-pk").first()
    Annotation.objects.filter(pk=written.pk).update(is_current=False)
    if before is not None and before.kind == Kind.ANSWER and before.origin == Annotation.Origin.HUMAN:
        Annotation.objects.filter(pk=before.pk).update(is_current=True)
    elif given.user_id != written.user_id:
        gone = Annotation.objects.create(
            task=task, item_id=task.item_id, user_id=written.user_id, kind=Kind.WITHDRAWN, previous=written,
            schema_version=written.schema_version, guide_version=written.guide_version,
        )  # fmt: skip
        webhooks.notify_annotation(project=project, annotation=gone, is_first=False)
    Annotation.objects.filter(pk=given.pk).update(is_current=True)
    people = task.annotations.filter(is_current=True, kind=Kind.ANSWER, origin=Annotation.Origin.HUMAN).count()
    if people > task.overlap:
        task.overlap = people
        task.save(update_fields=["overlap"])


_UNDO: dict[str, Callable[[Project, Task, Review], None]] = {
    Verdict.ACCEPTED: _keep_answer,
    Verdict.REJECTED: _take_answer_in,
    Verdict.FIXED: _take_fix_out,
}


def _end_needless_leases(task: Task) -> None:
    if task.state == Task.State.DONE:
        Lease.objects.filter(task=task, expires_at__gt=Now()).update(expires_at=Now())


def _restore_doubt(task: Task) -> None:
    """A final label that was settled by the verdict alone is in doubt again."""
    if not task.reviews.exists():
        labels = FinalLabel.objects.filter(item=task.item_id, posterior__lt=F("run__min_posterior"))
        FinalLabel.objects.filter(pk__in=labels.values("pk")).update(is_doubtful=True)


def _note(project: Project, user, review: Review) -> None:
    webhooks.notify_review_deleted(project=project, review=review)
    record_event(
        project=project,
        actor=user,
        verb="review.withdrawn",
        summary=f"Took back the verdict “{review.get_verdict_display().lower()}” of {review.reviewer.username} "
        f"on an answer of {review.annotation.user.username}",
        object_type="task",
        object_id=review.task_id,
        details={"annotation": review.annotation_id, "verdict": review.verdict, "reason": review.reason},
    )
