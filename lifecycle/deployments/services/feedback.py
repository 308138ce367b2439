"""Take what turned out to be true. It may come before its prediction has reached the log: they join by id."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.deployments import rules
from lifecycle.deployments.models import Feedback, Prediction

CHUNK_ROWS = 1_000


@dataclass(frozen=True)
class FeedbackRow:
    """What is said of one prediction; the same `idempotency_key` in a project counts once."""

    request_id: uuid.UUID
    truth: str | None = None
    value: float | None = None
    comment: str = ""
    idempotency_key: str | None = None


def record_feedback(*, project, user, row: FeedbackRow) -> Feedback:
    """Keep one feedback. Raises DomainError for one that says nothing, NotFound for another project's prediction."""
    _check(project, [row])
    if row.idempotency_key:
        known = Feedback.objects.filter(project=project, idempotency_key=row.idempotency_key).first()
        if known is not None:
            return known
    try:
        with transaction.atomic():
            feedback = _build(project, user, row)
            feedback.save(force_insert=True)
            return feedback
    except IntegrityError:  # the same key at the same moment
        return Feedback.objects.get(project=project, idempotency_key=row.idempotency_key)


def record_feedback_rows(*, project, user, rows: Sequence[FeedbackRow]) -> int:
    """Keep many, all or none; returns how many were new."""
    if not 0 < len(rows) <= rules.MAX_FEEDBACK_ROWS:
        raise DomainError(f"Send 1 to {rules.MAX_FEEDBACK_ROWS:,} rows of feedback at a time.")
    _check(project, rows)
    keys = [row.idempotency_key for row in rows if row.idempotency_key]
    known = set(
        Feedback.objects.filter(project=project, idempotency_key__in=keys).values_list("idempotency_key", flat=True)
    )
    fresh: dict[object, FeedbackRow] = {}
    for position, row in enumerate(rows):
        if row.idempotency_key not in known:
            fresh.setdefault(row.idempotency_key or position, row)
    with transaction.atomic():
        built = [_build(project, user, row) for row in fresh.values()]
        Feedback.objects.bulk_create(built, batch_size=CHUNK_ROWS, ignore_conflicts=True)
    return len(built)


def _build(project, user, row: FeedbackRow) -> Feedback:
    return Feedback(
        project=project,
        request_id=row.request_id,
        truth=row.truth,
        value=row.value,
        comment=row.comment,
        idempotency_key=row.idempotency_key or None,
        created_by=user,
    )


def _check(project, rows: Sequence[FeedbackRow]) -> None:
    is_number = get_problem_type(project.problem_type).label_kind == LabelKind.NUMBER
    for position, row in enumerate(rows):
        problem = rules.explain_bad_feedback(truth=row.truth, value=row.value, comment=row.comment, is_number=is_number)
        if problem:
            field, sentence = problem
            where = f"Row {position + 1}: " if len(rows) > 1 else ""
            raise DomainError(f"{where}{sentence}", fields={field: sentence})
    ids = {row.request_id for row in rows}
    strange = Prediction.objects.filter(request_id__in=ids).exclude(deployment__project=project)
    if strange.exists():
        raise NotFound("There is no such prediction in this project.")
