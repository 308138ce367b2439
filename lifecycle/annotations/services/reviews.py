"""Verdicts on answers: take one, write a better one, or send it back. `review_undo` takes a verdict back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from lifecycle.annotations.authors import AUTHOR
from lifecycle.annotations.models import Annotation, Assignment, FinalLabel, Lease, QualitySettings, Review, Task
from lifecycle.annotations.services import webhooks
from lifecycle.annotations.services.answers import read_answer, settle, submit
from lifecycle.annotations.services.assignment import refresh_reserved, write_assignments
from lifecycle.annotations.services.comments import tell_verdict
from lifecycle.annotations.services.quality import find_settings
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project

Kind, Verdict, ReturnTo = Annotation.Kind, Review.Verdict, QualitySettings.ReturnTo

MAX_REASON = 500
_MOST_LEAD_MS = 24 * 3_600 * 1_000


def accept(*, project: Project, reviewer, annotation_id: int, reason: str = "") -> Review:
    """Say that an answer is right."""
    return _judge(project, reviewer, annotation_id, Verdict.ACCEPTED, _clean_reason(reason), lambda *_: {})


def reject(*, project: Project, reviewer, annotation_id: int, reason: str, return_to: str | None = None) -> Review:
    """Take an answer out and ask for a new one, of the same person or of another (as the project's settings say)."""
    cleaned = _clean_reason(reason)
    if not cleaned:
        raise DomainError("Say why, so that the next answer is better.", fields={"reason": "A reason is needed."})
    target = return_to or find_settings(project).return_to
    if target not in ReturnTo.values:
        raise DomainError("An answer goes back to “same” or “other”.", fields={"return_to": "same or other"})

    def send_back(task: Task, given: Annotation) -> dict[str, Any]:
        taken_out = _take_out(task, given)
        webhooks.notify_annotation(project=project, annotation=taken_out, is_first=False)
        settle(task, get_problem_type(project.problem_type).label_kind)
        to = target if _labels_here(given) else ""  # nobody's, so that whoever brought it in may answer
        _hand_on(task, given, reviewer, is_same=to == ReturnTo.SAME)
        return {"return_to": to}

    with transaction.atomic():
        review = _judge(project, reviewer, annotation_id, Verdict.REJECTED, cleaned, send_back)
        if _labels_here(review.annotation):
            tell_verdict(review=review)
    return review


def fix(
    *,
    project: Project,
    reviewer,
    annotation_id: int,
    result: Any,
    reason: str = "",
    lead_time_ms: int | None = None,
    idempotency_key: str | None = None,
    schema_version: int | None = None,
) -> Review:
    """Write a better answer in the place of one; a repeat with the same key returns the same review."""
    repeated = _find_repeat(reviewer, annotation_id, idempotency_key)
    if repeated is not None:
        return repeated

    def replace(task: Task, given: Annotation) -> dict[str, Any]:
        now, better, value = read_answer(project=project, result=result, shown_schema=schema_version)
        task.annotations.filter(is_current=True, user=reviewer).exclude(pk=given.pk).update(is_current=False)
        Annotation.objects.filter(pk=given.pk).update(is_current=False)
        lead = None if lead_time_ms is None else max(0, min(int(lead_time_ms), _MOST_LEAD_MS))
        written = Annotation.objects.create(
            task=task,
            item_id=task.item_id,
            user=reviewer,
            result=better,
            value=value,
            previous=given,
            schema_version=now,
            guide_version=given.guide_version,
            lead_time_ms=lead,
            idempotency_key=idempotency_key,
        )
        _settle_fixed(task, get_problem_type(project.problem_type).label_kind)
        webhooks.notify_annotation(project=project, annotation=written, is_first=False)
        return {"fixed_by": written}

    return _judge(project, reviewer, annotation_id, Verdict.FIXED, _clean_reason(reason), replace)


def fix_or_change(
    *, project: Project, user, task_id: int, annotation_id: int, result: Any, idempotency_key: str,
    lead_time_ms: int | None = None, guide_version: int | None = None, schema_version: int | None = None,
) -> Annotation:  # fmt: skip
    """What the labelling page sends when a reviewer came to better an answer: a fix, and later changes of that fix."""
    repeated = Annotation.objects.filter(user=user, idempotency_key=idempotency_key).exists()
    mine = Review.objects.filter(project=project, annotation=annotation_id, reviewer=user, verdict=Verdict.FIXED)
    if not repeated and mine.exists():
        return submit(
            project=project, user=user, task_id=task_id, result=result, lead_time_ms=lead_time_ms,
            idempotency_key=idempotency_key, may_answer_any=True, guide_version=guide_version,
            schema_version=schema_version,
        )  # fmt: skip
    review = fix(
        project=project, reviewer=user, annotation_id=annotation_id, result=result, lead_time_ms=lead_time_ms,
        idempotency_key=idempotency_key, schema_version=schema_version,
    )  # fmt: skip
    assert review.fixed_by is not None  # the verdict says so
    return review.fixed_by


def _judge(
    project: Project,
    reviewer,
    annotation_id: int,
    verdict: str,
    reason: str,
    act: Callable[[Task, Annotation], dict[str, Any]],
) -> Review:
    """Lock the task, act on the answer while it is still the current one, write the verdict down."""
    with transaction.atomic():
        task = lock_task(project, annotation_id)
        given = Annotation.objects.select_related("user").get(pk=annotation_id)
        if not given.is_current or given.kind != Kind.ANSWER:
            raise Conflict("This answer was changed or taken back meanwhile. Look at the newest one.")
        is_first = not given.reviews.exists()
        review = Review.objects.create(
            project=project,
            task=task,
            annotation=given,
            annotator=given.user,
            reviewer=reviewer,
            verdict=verdict,
            reason=reason,
            **act(task, given),
        )
        FinalLabel.objects.filter(item=task.item_id, is_doubtful=True).update(is_doubtful=False)
        webhooks.notify_review(project=project, review=review, is_first=is_first)
    return review


def lock_task(project: Project, annotation_id: int) -> Task:
    """The locked task that an answer belongs to."""
    tasks = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item", "dataset")
    found = tasks.filter(dataset__project=project, annotations__pk=annotation_id).first()
    if found is None:
        raise NotFound("There is no such answer in this project.")
    return found


def _take_out(task: Task, given: Annotation) -> Annotation:
    """A withdrawal in the name of whoever gave the answer; leases on it end."""
    Annotation.objects.filter(pk=given.pk).update(is_current=False)
    live = Lease.objects.filter(task=task, user=given.user_id, expires_at__gt=Now())
    live.update(expires_at=Now())
    return Annotation.objects.create(
        task=task,
        item_id=task.item_id,
        user_id=given.user_id,
        origin=given.origin,
        kind=Kind.WITHDRAWN,
        previous=given,
        is_current=given.origin
        != Annotation.Origin.IMPORT,  # beside it the same person may have an answer of their own
        schema_version=given.schema_version,
        guide_version=given.guide_version,
    )


def _labels_here(given: Annotation) -> bool:
    """Whether an answer's author does: who brought one in that names nobody, did not give it."""
    is_known = given.origin != Annotation.Origin.IMPORT or AUTHOR in (given.external or {})
    return is_known and given.user.is_active


def _hand_on(task: Task, given: Annotation, reviewer, *, is_same: bool) -> None:
    """The item waits for whoever gave the answer, or is not theirs any more."""
    Assignment.objects.filter(task=task, user=given.user_id).update(is_open=is_same)
    project = task.dataset.project
    if is_same:
        write_assignments(project=project, actor=reviewer, pairs=[(task.pk, given.user_id)])
    refresh_reserved(project=project, task_ids=[task.pk])


def _settle_fixed(task: Task, label_kind: str) -> None:
    """One reviewer's word may stand in the place of several answers: a done task stays done."""
    was_done = task.state == Task.State.DONE
    people = task.annotations.filter(is_current=True, kind=Kind.ANSWER, origin=Annotation.Origin.HUMAN).count()
    if was_done and people < task.overlap:
        task.overlap = max(people, 1)
        task.save(update_fields=["overlap"])
    settle(task, label_kind)


def _find_repeat(reviewer, annotation_id: int, key: str | None) -> Review | None:
    if key is None:
        return None
    if not 8 <= len(key) <= 64:
        raise DomainError("An idempotency key has 8 to 64 characters.")
    written = Annotation.objects.filter(user=reviewer, idempotency_key=key).first()
    if written is None:
        return None
    found = Review.objects.filter(fixed_by=written, annotation=annotation_id).first()
    if found is None:
        raise Conflict("This idempotency key was used for another answer.")
    return found


def _clean_reason(reason: str) -> str:
    cleaned = " ".join(reason.split())
    if len(cleaned) > MAX_REASON:
        raise DomainError(f"A reason has at most {MAX_REASON} characters.", fields={"reason": "Shorter, please."})
    return cleaned
