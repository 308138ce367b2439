"""Lines of the audit trail as a feed shows them: an icon, a sentence, a link to what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from lifecycle.projects.models import AuditEvent

ICONS = {
    "alert": "bell",
    "annotation": "tags",
    "charter": "target",
    "collection": "cloud-upload",
    "crawl": "world-download",
    "dataset": "database",
    "decision": "gavel",
    "deployment": "rocket",
    "evaluation": "chart-dots",
    "experiment": "folder",
    "feedback": "message-check",
    "guide": "book",
    "invitation": "mail",
    "items": "photo-search",
    "learning": "refresh",
    "member": "user-plus",
    "milestone": "flag",
    "model": "box",
    "pipeline": "refresh",
    "project": "infinity",
    "queue": "list-check",
    "release": "rocket",
    "run": "flask",
    "schema": "tags",
    "suggestions": "bulb",
    "version": "git-commit",
}
# object_type of an event, and the page whose last argument is its object_id
PAGES = {
    "active_learning": ("pipelines:learning", None),
    "alert": ("monitoring:alerts", None),
    "charter": ("projects:charter", None),
    "collection": ("datasets:collection", int),
    "crawl": ("crawls:crawl", int),
    "decision": ("projects:decision", int),
    "deployment": ("deployments:detail", str),
    "evaluation": ("evaluations:detail", int),
    "guide": ("annotations:guide", None),
    "label_schema": ("annotations:schema", None),
    "milestone": ("projects:milestones", None),
    "pipeline": ("pipelines:detail", int),
    "run": ("experiments:detail", int),
    "suggestions": ("pipelines:suggestions", None),
    "version": ("datasets:version", int),
}


@dataclass(frozen=True)
class Line:
    event: AuditEvent
    icon: str
    text: str
    url: str


def describe_events(events: Iterable[AuditEvent], slug: str) -> list[Line]:
    """The events as lines, in their order. What was deleted since still has its link: the page says it is gone."""
    return [
        Line(event, ICONS.get(event.verb.partition(".")[0], "point"), _say(event), _find_page(event, slug))
        for event in events
    ]


def _say(event: AuditEvent) -> str:
    """The sentence without the name of who did it, which the feed shows beside it."""
    text = event.summary.removeprefix(f"{event.actor_name} ")
    return text[:1].upper() + text[1:]


def _find_page(event: AuditEvent, slug: str) -> str:
    name, kind = PAGES.get(event.object_type, ("", None))
    if not name:
        return ""
    try:
        return reverse(name, args=[slug] if kind is None else [slug, kind(event.object_id)])
    except (NoReverseMatch, ValueError):
        return ""
