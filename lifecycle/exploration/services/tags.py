"""Tags: words that people put on items."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from lifecycle.datasets.models import Dataset
from lifecycle.exploration import rules
from lifecycle.exploration.models import ItemTag, Tag
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event


def tag_items(*, dataset: Dataset, user, name: str, item_ids: Sequence[int]) -> int:
    """Put a tag on items, which is made where there is none yet; how many did not have it. For what a job found: what
    people do is an act (`acts`). Call within the job's transaction."""
    tag, _ = Tag.objects.get_or_create(dataset=dataset, name=rules.clean_tag(name))
    before = tag.uses.count()
    uses = (ItemTag(tag=tag, item_id=pk, added_by=user) for pk in item_ids)
    ItemTag.objects.bulk_create(uses, batch_size=5_000, ignore_conflicts=True)
    return tag.uses.count() - before


def delete_tag(*, project: Project, user, name: str) -> int:
    """Take a tag off everything; returns how many items had it."""
    tags = Tag.objects.filter(dataset__project=project, name=name)
    with transaction.atomic():
        count = ItemTag.objects.filter(tag__in=tags).count()
        if tags.delete()[0]:
            record_event(project=project, actor=user, verb="tag.deleted", summary=f"Deleted the tag “{name}”")
    return count
