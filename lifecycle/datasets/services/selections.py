"""Keeping a choice of items under an address, so that it can be shared, filtered by and acted on."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.expressions import RawSQL

from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import Item, Selection
from lifecycle.projects.models import Project

MAX_SELECTED = 200_000


def create_selection(*, project: Project, user, item_ids: Iterable[int], title: str = "") -> Selection:
    """Keep these items of the project as a list; ids of other projects are left out. Raises when none is left."""
    wanted = sorted(set(item_ids))
    if len(wanted) > MAX_SELECTED:
        raise DomainError(f"Choose at most {MAX_SELECTED:,} items at once.")
    known = Item.objects.filter(dataset__project=project, pk__in=RawSQL("SELECT unnest(%s::bigint[])", [wanted]))
    found = list(known.values_list("pk", flat=True))
    if not found:
        raise DomainError("No item was chosen.", fields={"items": "Choose at least one item."})
    count = len(found)
    title = title.strip()[:200] or f"{count:,} chosen item{'' if count == 1 else 's'}"
    return Selection.objects.create(
        project=project, title=title, item_ids=sorted(found), item_count=count, created_by=user
    )
