"""Items for people who label: below a viewer, only those that were put before them."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from lifecycle.annotations.models import Annotation, GuideVersion, Lease, QuizAttempt
from lifecycle.common.errors import NotFound
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

_MAX_ID = 1 << 62


def get_item(project: Project, user, item_id: int, *, role: str) -> Item:
    """Any item for who may see them all; else one that was lent to or answered by this person, that a quiz asked them
    about, or that the guide shows. NotFound otherwise.
    """
    items = Item.objects.filter(dataset__project=project, pk=item_id if item_id < _MAX_ID else 0)
    item = items.first() if is_allowed(role, "viewer") else _filter_given(items, user).first()
    if item is None and (_is_asked(project, user, item_id) or _is_in_guide(project, item_id)):
        item = items.first()
    if item is None:
        raise NotFound("There is no such item, or it was never in your hands.")
    return item


def list_own_answers(item: Item, user) -> list[Annotation]:
    """What this person says about an item now."""
    mine = Annotation.objects.filter(item=item, user=user, is_current=True).exclude(kind=Annotation.Kind.WITHDRAWN)
    return list(mine.order_by("pk"))


def _filter_given(items: QuerySet[Item], user) -> QuerySet[Item]:
    lent = Lease.objects.filter(task__item=OuterRef("pk"), user=user)
    own = Annotation.objects.filter(item=OuterRef("pk"), user=user, origin=Annotation.Origin.HUMAN)
    return items.filter(Q(Exists(lent)) | Q(Exists(own)))


def _is_asked(project: Project, user, item_id: int) -> bool:
    attempts = QuizAttempt.objects.filter(project=project, user=user)
    return attempts.filter(questions__contains=[{"item": item_id}]).exists()


def _is_in_guide(project: Project, item_id: int) -> bool:
    return GuideVersion.objects.filter(project=project, body__regex=rf"item:0*{item_id}(\D|$)").exists()
