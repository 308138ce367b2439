"""The audit trail as site admins read it: every event, filtered, newest first."""

from __future__ import annotations

from django.db.models import QuerySet

from lifecycle.projects.models import AuditEvent

RECENT = 5_000


def list_events(*, project: str = "", actor: str = "", verb: str = "", search: str = "") -> QuerySet[AuditEvent]:
    """Events of a project slug, of a user name, whose verb starts with `verb`, whose sentence holds `search`."""
    events = AuditEvent.objects.select_related("project", "actor").order_by("-pk")
    if project:
        events = events.filter(project__slug=project)
    if actor:
        events = events.filter(actor_name=actor)
    if verb:
        events = events.filter(verb__startswith=verb)
    if search:
        events = events.filter(summary__icontains=search)
    return events


def list_recent_verbs() -> list[str]:
    """The verbs among the newest events, for the filter's choices."""
    newest = AuditEvent.objects.order_by("-pk").values("verb")[:RECENT]
    return sorted({row["verb"] for row in newest})
