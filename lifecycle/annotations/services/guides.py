"""Versions of the labelling guide."""

from __future__ import annotations

from django.db import transaction

from lifecycle.annotations import selectors
from lifecycle.annotations.models import GuideVersion
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_GUIDE_CHARS = 100_000


def write_guide(*, project: Project, actor, body: str, based_on: int | None = None) -> GuideVersion:
    """Save the guide as a new version; the newest is returned unchanged when it says the same already."""
    body = body.replace("\r\n", "\n").strip()
    if len(body) > MAX_GUIDE_CHARS:
        raise DomainError(f"A guide has at most {MAX_GUIDE_CHARS:,} characters; this one has {len(body):,}.")
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        current = selectors.find_guide(project)
        if based_on is not None and based_on != (current.version if current else 0):
            raise Conflict("Somebody saved the guide meanwhile. Copy your text, look at the new version, save again.")
        if body == (current.body if current else ""):
            return current or GuideVersion(project=project, version=0, body="")
        guide = GuideVersion.objects.create(
            project=project, version=current.version + 1 if current else 1, body=body, created_by=actor
        )
        record_event(
            project=project,
            actor=actor,
            verb="guide.changed",
            summary=f"Wrote version {guide.version} of the labelling guide",
            object_type="guide",
            object_id=guide.pk,
        )
    return guide
