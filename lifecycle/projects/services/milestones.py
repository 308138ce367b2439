"""Milestones: what should be reached, at which stage, by when."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.models import Milestone, Project, Stage
from lifecycle.projects.services.events import record_event


@transaction.atomic
def add_milestone(*, project: Project, user: User, title: str, stage: str, due_on: date | None = None) -> Milestone:
    """Plan something; without a date it is only an intention."""
    title = _check(title, stage)
    milestone = Milestone.objects.create(project=project, title=title, stage=stage, due_on=due_on, created_by=user)
    due = f", due {due_on:%Y-%m-%d}" if due_on else ""
    _note(milestone, user, "milestone.added", f"{user.username} planned “{title}”{due}")
    return milestone


@transaction.atomic
def change_milestone(
    *, milestone: Milestone, user: User, title: str, stage: str, due_on: date | None = None
) -> Milestone:
    """Another title, stage or date."""
    title = _check(title, stage)
    if (title, stage, due_on) == (milestone.title, milestone.stage, milestone.due_on):
        return milestone
    milestone.title, milestone.stage, milestone.due_on = title, stage, due_on
    milestone.save(update_fields=["title", "stage", "due_on", "updated_at"])
    due = f", due {due_on:%Y-%m-%d}" if due_on else ", without a date"
    _note(milestone, user, "milestone.changed", f"{user.username} changed “{title}”{due}")
    return milestone


@transaction.atomic
def complete_milestone(*, milestone: Milestone, user: User) -> Milestone:
    """It is reached."""
    if milestone.done_at is not None:
        raise Conflict("This milestone is done already.")
    milestone.done_at = timezone.now()
    milestone.save(update_fields=["done_at", "updated_at"])
    _note(milestone, user, "milestone.done", f"{user.username} completed “{milestone.title}”")
    return milestone


@transaction.atomic
def reopen_milestone(*, milestone: Milestone, user: User) -> Milestone:
    """It was not reached after all."""
    if milestone.done_at is None:
        raise Conflict("This milestone is open.")
    milestone.done_at = None
    milestone.save(update_fields=["done_at", "updated_at"])
    _note(milestone, user, "milestone.reopened", f"{user.username} reopened “{milestone.title}”")
    return milestone


@transaction.atomic
def delete_milestone(*, milestone: Milestone, user: User) -> None:
    """Take it off the plan; the trail remembers it."""
    _note(milestone, user, "milestone.deleted", f"{user.username} deleted the milestone “{milestone.title}”")
    milestone.delete()


def _check(title: str, stage: str) -> str:
    title = " ".join(title.split())
    if not title or len(title) > 200:
        raise DomainError("A milestone needs a title.", fields={"title": "Between 1 and 200 characters."})
    if stage not in Stage.values:
        raise DomainError("Choose a stage.", fields={"stage": "Choose one of the stages."})
    return title


def _note(milestone: Milestone, user: User, verb: str, summary: str) -> None:
    record_event(
        project=milestone.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="milestone",
        object_id=milestone.pk,
        details={"stage": milestone.stage},
    )
