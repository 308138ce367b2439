"""The audit trail, which is the activity feed too: one line for everything a person would want to know."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from lifecycle.projects.models import AuditEvent, Project


def record_event(
    *,
    project: Project | None,
    actor,
    verb: str,
    summary: str,
    object_type: str = "",
    object_id: Any = "",
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add a line to the audit trail, which is the activity feed too. `verb` reads like "run.started"."""
    event = AuditEvent.objects.create(
        project=project,
        actor=actor if actor is not None and actor.pk else None,
        actor_name=getattr(actor, "username", "") or "system",
        verb=verb,
        summary=summary[:400],
        object_type=object_type,
        object_id=str(object_id),
        details=details or {},
    )
    if project is not None:
        Project.objects.filter(pk=project.pk).update(last_activity_at=timezone.now())
    return event
