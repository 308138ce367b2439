"""The decision log: what was decided and why, and what others say to it. Entries are added, never rewritten."""

from __future__ import annotations

from django.db import transaction

from lifecycle.accounts.models import User
from lifecycle.common.errors import DomainError
from lifecycle.projects.models import Decision, DecisionComment, Project
from lifecycle.projects.services.events import record_event

MAX_BODY = 20_000


@transaction.atomic
def record_decision(*, project: Project, user: User, title: str, body: str = "") -> Decision:
    """Write down a decision with its reasons."""
    title = " ".join(title.split())
    if not title or len(title) > 200:
        raise DomainError("Say in one line what was decided.", fields={"title": "Between 1 and 200 characters."})
    decision = Decision.objects.create(project=project, title=title, body=_clean(body), created_by=user)
    _note(decision, user, "decision.recorded", f"{user.username} decided: {title}")
    return decision


@transaction.atomic
def add_comment(*, decision: Decision, user: User, body: str) -> DecisionComment:
    """Say something to a decision."""
    body = _clean(body)
    if not body:
        raise DomainError("This comment is empty.", fields={"body": "Write something."})
    comment = DecisionComment.objects.create(decision=decision, body=body, created_by=user)
    _note(decision, user, "decision.commented", f"{user.username} commented on “{decision.title}”")
    return comment


def _clean(body: str) -> str:
    body = body.strip().replace("\x00", "")
    if len(body) > MAX_BODY:
        raise DomainError("This text is too long.", fields={"body": f"At most {MAX_BODY:,} characters."})
    return body


def _note(decision: Decision, user: User, verb: str, summary: str) -> None:
    record_event(
        project=decision.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="decision",
        object_id=decision.pk,
    )
