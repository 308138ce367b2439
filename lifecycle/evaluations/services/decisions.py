"""Approve or reject what an evaluation shows; the verdict is kept for good."""

from __future__ import annotations

from django.db import transaction

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.evaluations.models import Evaluation, EvaluationDecision
from lifecycle.projects.services import record_event

MAX_REASON_LENGTH = 4_000


def decide(*, evaluation: Evaluation, user, verdict: str, reason: str) -> EvaluationDecision:
    """A reviewer's verdict on a finished evaluation; the newest counts. Raises DomainError without a reason."""
    if verdict not in EvaluationDecision.Verdict.values:
        raise DomainError("Choose to approve or to reject.", fields={"verdict": "Choose approved or rejected."})
    reason = reason.strip()
    if not reason:
        raise DomainError("Say why, so that others can follow the decision.", fields={"reason": "Give a reason."})
    if len(reason) > MAX_REASON_LENGTH:
        raise DomainError("The reason is too long.", fields={"reason": f"At most {MAX_REASON_LENGTH} characters."})
    if evaluation.finished_at is None:
        raise Conflict("This evaluation is not finished, so there is nothing to decide on yet.")
    with transaction.atomic():
        decision = EvaluationDecision.objects.create(
            evaluation=evaluation, verdict=verdict, reason=reason, created_by=user
        )
        record_event(
            project=evaluation.project,
            actor=user,
            verb=f"evaluation.{verdict}",
            summary=f"{verdict.capitalize()} the evaluation of {evaluation.artifact.run}: {reason}"[:400],
            object_type="evaluation",
            object_id=str(evaluation.pk),
            details={"reason": reason, "metrics": evaluation.metrics},
        )
    return decision
