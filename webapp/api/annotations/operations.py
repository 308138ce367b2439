"""What a browser's outbox brings, one thing at a time: an answer, a skip, what is taken back, a comment."""

from __future__ import annotations

from lifecycle.annotations import selectors, services
from lifecycle.annotations.models import Annotation
from lifecycle.annotations.services import comments, gold, quiz, reviews, suggestions
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.rules import is_allowed
from webapp.api.annotations import serializers


def apply_operation(project, user, operation: dict) -> tuple[dict, int]:
    """One operation's outcome, and the schema version it was taken under, 0 for none; what the domain refuses is an
    outcome too, so that the rest goes on."""
    outcome = {"key": operation["key"], "status": "saved", "annotation": None, "comment": None, "code": "",
               "message": "", "feedback": None}  # fmt: skip
    try:
        if operation["kind"] == "comment":
            return outcome | {"comment": _apply_comment(project, user, operation)}, 0
        done = _apply_decision(project, user, operation)
    except DomainError as error:
        return outcome | {"status": "refused", "code": error.code, "message": error.message}, 0
    feedback = gold.describe_feedback(project, done)
    told = serializers.GoldFeedback(feedback).data if feedback else None
    return outcome | {"annotation": done.pk, "feedback": told}, done.schema_version


def judge_quiz_answer(project, user, attempt_id: int, operation: dict) -> dict:
    """The outcome of an operation as the quiz takes it: an answer is judged, anything else has no place in one."""
    outcome = {"key": operation["key"], "status": "saved", "code": "", "message": "", "feedback": None}
    try:
        if operation["kind"] != "answer":
            raise Conflict("A quiz takes answers only.")
        said = {"result": operation.get("result"), "schema_version": operation.get("schema_version")}
        told = quiz.answer(project=project, user=user, attempt_id=attempt_id, task_id=operation["task"], **said)
    except DomainError as error:
        return outcome | {"status": "refused", "code": error.code, "message": error.message}
    return outcome | {"feedback": serializers.GoldFeedback(told).data}


def _apply_comment(project, user, operation: dict) -> int:
    task = selectors.get_task(project, user, operation["task"], role=project.role)
    key = operation["key"]
    return comments.add_comment(project=project, user=user, task=task, body=operation["body"], idempotency_key=key).pk


def _apply_decision(project, user, operation: dict) -> Annotation:
    common = {"project": project, "user": user, "task_id": operation["task"], "idempotency_key": operation["key"],
              "guide_version": operation.get("guide_version")}  # fmt: skip
    lead = operation.get("lead_time_ms")
    any_task = is_allowed(project.role, "reviewer")
    if operation["kind"] == "skip":
        return services.skip(**common, reason=operation["reason"], lead_time_ms=lead, may_answer_any=any_task)
    if operation["kind"] == "withdraw":
        return services.withdraw(**common)
    said: dict = {"result": operation.get("result"), "lead_time_ms": lead,
                  "schema_version": operation.get("schema_version")}  # fmt: skip
    if any_task and operation.get("fixes"):
        done = reviews.fix_or_change(**common, **said, annotation_id=operation["fixes"])
    else:
        done = services.submit(**common, **said, may_answer_any=any_task)
    suggestions.record_outcome(project=project, user=user, annotation=done, said=operation.get("suggestion"))
    return done
