"""Tags and what they are on."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count

from lifecycle.datasets.models import Item
from lifecycle.exploration.models import ItemTag, Tag
from lifecycle.projects.models import Project


def list_tags(project: Project) -> list[tuple[str, int]]:
    """(name, items), by name."""
    tags = Tag.objects.filter(dataset__project=project).annotate(n=Count("uses"))
    return [(tag.name, tag.n) for tag in tags.order_by("name")]


def list_item_tags(item: Item) -> list[str]:
    """Names of the tags on one item, by name."""
    return list(ItemTag.objects.filter(item=item).order_by("tag__name").values_list("tag__name", flat=True))


def list_tags_of_items(items: Iterable[Item]) -> dict[int, list[str]]:
    """item id -> names of its tags, of those that have any; one query."""
    rows = ItemTag.objects.filter(item__in=[item.pk for item in items]).order_by("tag__name")
    found: dict[int, list[str]] = {}
    for item_id, name in rows.values_list("item_id", "tag__name"):
        found.setdefault(item_id, []).append(name)
    return found
