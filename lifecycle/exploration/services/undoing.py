"""What was done to many items at once may be taken back: who did it is told which items it was that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import list_selected_ids
from lifecycle.datasets.services import create_selection
from lifecycle.exploration import rules
from lifecycle.exploration.models import ItemTag, KeptItem
from lifecycle.exploration.services.findings import act_on_items
from lifecycle.projects.models import Project

OPPOSITES = {"exclude": "restore", "restore": "exclude", "keep": "unkeep", "tag": "untag", "untag": "tag"}


@dataclass(frozen=True)
class Undo:
    """What takes an action back: the opposite one, on the items that it changed."""

    action: str
    selection_id: int
    kind: str = ""
    tag: str = ""


def act_with_undo(
    *, project: Project, user, action: str, item_ids: Sequence[int], kind: str = "", tag: str = ""
) -> tuple[int, Undo | None]:
    """As `act_on_items`, and what takes it back; None where nothing changed, or nothing is lost by it."""
    with transaction.atomic():
        changing = _list_changing(project, action, item_ids, kind, tag)
        count = act_on_items(project=project, user=user, action=action, item_ids=item_ids, kind=kind, tag=tag)
        if not changing:
            return count, None
        selection = create_selection(
            project=project, user=user, item_ids=changing, title=f"{len(changing):,} items, to take “{action}” back"
        )
    return count, Undo(OPPOSITES[action], selection.pk, kind, tag)


def undo(*, project: Project, user, wanted: Undo) -> int:
    """Take an action back; returns how many items changed."""
    if wanted.action not in OPPOSITES.values():
        raise DomainError("This cannot be taken back.")
    ids = list(list_selected_ids(project, wanted.selection_id))
    return act_on_items(
        project=project, user=user, action=wanted.action, item_ids=ids, kind=wanted.kind, tag=wanted.tag
    )


def _list_changing(project: Project, action: str, item_ids: Sequence[int], kind: str, tag: str) -> list[int]:
    """Items that are not yet what the action makes them; none for an action that has no opposite."""
    items = Item.objects.filter(dataset__project=project, pk__in=list(item_ids))
    if action in ("exclude", "restore"):
        found = items.filter(excluded_at__isnull=action == "exclude")
    elif action == "keep":
        found = items.exclude(pk__in=KeptItem.objects.filter(kind=kind, item__in=list(item_ids)).values("item"))
    elif action in ("tag", "untag"):
        tagged = ItemTag.objects.filter(tag__name=rules.clean_tag(tag), item__in=list(item_ids)).values("item")
        found = items.exclude(pk__in=tagged) if action == "tag" else items.filter(pk__in=tagged)
    else:
        return []
    return list(found.values_list("pk", flat=True))
