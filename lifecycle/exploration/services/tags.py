"""Tags: words that people put on items."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from lifecycle.datasets.models import Item
from lifecycle.exploration import rules
from lifecycle.exploration.models import ItemTag, Tag
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

BATCH = 5_000


def tag_items(*, project: Project, user, name: str, item_ids: Iterable[int]) -> int:
    """Put a tag on items; returns how many did not have it."""
    clean = rules.clean_tag(name)
    items = Item.objects.filter(dataset__project=project, pk__in=list(item_ids))
    with transaction.atomic():
        tag, _ = Tag.objects.get_or_create(dataset=project.datasets.get(name="main"), name=clean)
        new = list(items.exclude(tags__tag=tag).values_list("pk", flat=True))
        ItemTag.objects.bulk_create(
            [ItemTag(tag=tag, item_id=pk, added_by=user) for pk in new], ignore_conflicts=True, batch_size=BATCH
        )
        if new:
            record_event(
                project=project,
                actor=user,
                verb="items.tagged",
                summary=f"Tagged {len(new):,} item{'' if len(new) == 1 else 's'} “{clean}”",
                details={"tag": clean, "count": len(new)},
            )
    return len(new)


def untag_items(*, project: Project, user, name: str, item_ids: Iterable[int]) -> int:
    """Take a tag off items; a tag on nothing is forgotten. Returns how many had it."""
    clean = rules.clean_tag(name)
    tags = Tag.objects.filter(dataset__project=project, name=clean)
    with transaction.atomic():
        removed, _ = ItemTag.objects.filter(tag__in=tags, item__in=list(item_ids)).delete()
        tags.filter(uses=None).delete()
    return removed


def delete_tag(*, project: Project, user, name: str) -> int:
    """Take a tag off everything; returns how many items had it."""
    tags = Tag.objects.filter(dataset__project=project, name=name)
    with transaction.atomic():
        count = ItemTag.objects.filter(tag__in=tags).count()
        if tags.delete()[0]:
            record_event(project=project, actor=user, verb="tag.deleted", summary=f"Deleted the tag “{name}”")
    return count
