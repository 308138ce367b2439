"""Tags: words that people put on items."""

from __future__ import annotations

from django.db import transaction

from lifecycle.exploration.models import ItemTag, Tag
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event


def delete_tag(*, project: Project, user, name: str) -> int:
    """Take a tag off everything; returns how many items had it."""
    tags = Tag.objects.filter(dataset__project=project, name=name)
    with transaction.atomic():
        count = ItemTag.objects.filter(tag__in=tags).count()
        if tags.delete()[0]:
            record_event(project=project, actor=user, verb="tag.deleted", summary=f"Deleted the tag “{name}”")
    return count
