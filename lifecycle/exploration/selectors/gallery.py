"""The gallery's items, also by tags, findings and what profiles measured; the rest is the datasets room's work."""

from __future__ import annotations

from django.db.models import Q

from lifecycle.datasets import selectors as datasets
from lifecycle.datasets.filters import FACT_RANGES, ItemFilters, read_number
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import ItemPage, Tally
from lifecycle.datasets.selectors.items import PAGE_SIZE
from lifecycle.exploration.models import Finding, ItemFacts, ItemTag, Scan
from lifecycle.exploration.selectors.open_findings import filter_open
from lifecycle.projects.models import Project


def filter_items(project: Project, filters: ItemFilters):
    """The items that match, in no order."""
    return datasets.filter_items(project, filters, narrow(project, filters))


def list_items(project: Project, filters: ItemFilters, *, at: str = "", size: int = PAGE_SIZE) -> ItemPage:
    """One page of items. `at` is from the page before or after it."""
    return datasets.list_items(project, filters, at=at, size=size, among=narrow(project, filters))


def count_items(project: Project, filters: ItemFilters) -> Tally:
    """How many items match."""
    return datasets.count_items(project, filters, among=narrow(project, filters))


def find_neighbors(project: Project, item: Item, filters: ItemFilters) -> tuple[int | None, int | None]:
    """Ids of the items before and after this one in the gallery."""
    return datasets.find_neighbors(project, item, filters, among=narrow(project, filters))


def list_matching_ids(
    project: Project, filters: ItemFilters, *, limit: int | None = None, newest: int = 0
) -> list[int]:
    """Ids of everything that matches, newest first: of the first `limit`, and of those up to the id `newest`, where
    these are given."""
    items = filter_items(project, filters)
    if newest:
        items = items.filter(pk__lte=newest)
    return list(items.order_by("-pk").values_list("pk", flat=True)[:limit])


def narrow(project: Project, filters: ItemFilters) -> Q | None:
    """The conditions that only this room can answer; None when the filters have none."""
    if not filters.asks_exploration:
        return None
    condition = Q()
    if filters.tag:
        tagged = ItemTag.objects.filter(tag__dataset__project=project, tag__name=filters.tag)
        condition &= Q(pk__in=tagged.values("item"))
    if filters.finding:
        condition &= Q(pk__in=_list_found(project, filters.finding))
    facts = _narrow_facts(project, filters)
    return condition if facts is None else condition & Q(pk__in=facts)


def _list_found(project: Project, kind: str):
    scan = Scan.objects.filter(dataset__project=project).order_by("-pk").values("pk")[:1]
    return filter_open(Finding.objects.filter(scan__in=scan, kind=kind)).values("item")


def _narrow_facts(project: Project, filters: ItemFilters):
    """Items by what was measured of them; None when nothing is asked of it."""
    wanted: dict[str, str | bool | float] = {}
    if filters.language:
        wanted["language"] = filters.language
    if filters.fact:
        wanted[{"damaged": "is_damaged", "corrupt": "is_corrupt"}.get(filters.fact, "is_damaged")] = True
    for name, low, high in filters.ranges:
        if name in FACT_RANGES:
            bounds = {f"{name}__gte": read_number(low), f"{name}__lt": read_number(high)}
            wanted |= {key: value for key, value in bounds.items() if value is not None}
    return ItemFacts.objects.filter(dataset__project=project, **wanted).values("item") if wanted else None
