"""Versions of a charter: every change is a new one, the old ones stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from lifecycle.accounts.models import User
from lifecycle.common.errors import Conflict
from lifecycle.projects import rules
from lifecycle.projects.models import Charter, Project
from lifecycle.projects.services.events import record_event


@transaction.atomic
def update_charter(
    *,
    project: Project,
    user: User,
    changes: Mapping[str, Any],
    change_note: str = "",
    based_on: int | None = None,
) -> Charter:
    """A new version with `changes` applied to the newest; fields left out stay as they are.

    Nothing changes, and the newest version is returned, when it already says the same. `based_on` is the version the
    caller looked at: a Conflict says when somebody changed the charter since.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    newest = Charter.objects.filter(project=project).first()
    if newest is not None and based_on is not None and newest.version != based_on:
        raise Conflict("Somebody changed the charter meanwhile. Look at the new one, then make your change again.")
    old = {name: getattr(newest, name) for name in rules.CHARTER_FIELDS} if newest else {}
    answers = rules.clean_charter(project.problem_type, {**old, **changes})
    changed = [name for name in rules.CHARTER_FIELDS if old.get(name) != answers[name]]
    if newest is not None and not changed:
        return newest
    charter = write_charter(project=project, user=user, answers=answers, change_note=change_note.strip())
    words = ", ".join(rules.CHARTER_FIELDS[name].lower() for name in changed)
    record_event(
        project=project,
        actor=user,
        verb="charter.changed",
        summary=f"{user.username} changed the charter: {words}",
        object_type="charter",
        object_id=charter.version,
        details={"changed": changed, "note": charter.change_note},
    )
    return charter


def write_charter(*, project: Project, user: User, answers: dict[str, Any], change_note: str = "") -> Charter:
    """Store checked answers as the next version."""
    newest = Charter.objects.filter(project=project).values_list("version", flat=True).first() or 0
    return Charter.objects.create(
        project=project, version=newest + 1, created_by=user, change_note=change_note[:300], **answers
    )
