"""The items before and after one, in the order of the list that it was opened from."""

from __future__ import annotations

from django.db.models import Q, QuerySet, Subquery
from django.db.models.lookups import Exact, GreaterThan, IsNull, LessThan

from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors.items import filter_items, name_order
from lifecycle.projects.models import Project


def find_neighbors(
    project: Project, item: Item, filters: ItemFilters, *, among: Q | None = None
) -> tuple[int | None, int | None]:
    """Ids of the items before and after this one as `list_items` has them."""
    items = filter_items(project, filters, among).order_by()
    if filters.sort in ("new", "old"):
        newer, older = _find_near(items, item, goes_up=True), _find_near(items, item, goes_up=False)
        return (older, newer) if filters.sort == "old" else (newer, older)
    value, is_descending = name_order(filters.sort)
    own = Item.objects.filter(pk=item.pk).annotate(own_value=value)
    known, unknown = items.filter(IsNull(value, False)), items.filter(IsNull(value, True))
    goes_up = filters.sort == "date"  # of those with the same value the older first; everywhere else the newer
    if not own.filter(own_value__isnull=False).exists():
        before = _find_near(unknown, item, goes_up=True) or _find_end(known, value, not is_descending, not goes_up)
        return before, _find_near(unknown, item, goes_up=False)
    mine = Subquery(own.values("own_value"))
    same = items.filter(Exact(value, mine))
    less, more = items.filter(LessThan(value, mine)), items.filter(GreaterThan(value, mine))
    earlier, later = (more, less) if is_descending else (less, more)
    before = _find_near(same, item, goes_up=not goes_up) or _find_end(earlier, value, not is_descending, not goes_up)
    after = _find_near(same, item, goes_up=goes_up) or _find_end(later, value, is_descending, goes_up)
    return before, after or unknown.order_by("-pk").values_list("pk", flat=True).first()


def _find_near(items: QuerySet[Item], item: Item, *, goes_up: bool) -> int | None:
    beyond = items.filter(pk__gt=item.pk) if goes_up else items.filter(pk__lt=item.pk)
    return beyond.order_by("pk" if goes_up else "-pk").values_list("pk", flat=True).first()


def _find_end(items: QuerySet[Item], value, is_descending: bool, goes_up: bool) -> int | None:
    order = value.desc() if is_descending else value.asc()
    return items.order_by(order, "pk" if goes_up else "-pk").values_list("pk", flat=True).first()
