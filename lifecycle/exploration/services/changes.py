"""What each action does to items and what takes it back: a statement for any number of them, no object per item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from lifecycle.annotations.services import request_labels, withdraw_request
from lifecycle.datasets.services import set_excluded
from lifecycle.exploration import rules
from lifecycle.exploration.models import Tag
from lifecycle.projects.models import Project

_OURS = """
    SELECT i.id FROM datasets_item i JOIN datasets_dataset d ON d.id = i.dataset_id
    WHERE d.project_id = %(project)s AND i.id = ANY(%(ids)s::bigint[])"""
_TAG = f"""
    INSERT INTO exploration_itemtag (tag_id, item_id, added_by_id, added_at)
    SELECT %(tag)s, ours.id, %(user)s, now() FROM ({_OURS}) ours ON CONFLICT DO NOTHING RETURNING item_id"""
_UNTAG = f"""
    DELETE FROM exploration_itemtag WHERE tag_id = %(tag)s AND item_id IN ({_OURS}) RETURNING item_id"""
_KEEP = f"""
    INSERT INTO exploration_keptitem (item_id, kind, kept_by_id, kept_at)
    SELECT ours.id, %(kind)s, %(user)s, now() FROM ({_OURS}) ours ON CONFLICT DO NOTHING RETURNING item_id"""
_UNKEEP = f"""
    DELETE FROM exploration_keptitem WHERE kind = %(kind)s AND item_id IN ({_OURS}) RETURNING item_id"""


@dataclass(frozen=True)
class Order:
    """What shall be done, and by whom; `kind` is the list of keep and unkeep, `tag` the word of tag and untag."""

    project: Project
    user: Any
    action: str
    kind: str = ""
    tag: str = ""


@dataclass(frozen=True)
class Change:
    """The items that were not so already, and what the way back needs besides."""

    item_ids: list[int]
    before: Sequence[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Verb:
    apply: Callable[[Order, Sequence[int]], Change]
    revert: Callable[[Order, Change], list[int]]


def apply_change(order: Order, item_ids: Sequence[int]) -> Change:
    """Do it to these items of the project; those of others are left alone. Call within a transaction."""
    return _VERBS[order.action].apply(order, item_ids)


def revert_change(order: Order, change: Change) -> list[int]:
    """Take it back for the items that it changed; returns those that it could be taken back for."""
    return _VERBS[order.action].revert(order, change)


def _label(order: Order, ids: Sequence[int]) -> Change:
    return Change(*request_labels(project=order.project, item_ids=ids))


def _unlabel(order: Order, change: Change) -> list[int]:
    return withdraw_request(project=order.project, before=[tuple(row) for row in change.before])


def _exclude(order: Order, ids: Sequence[int]) -> list[int]:
    return set_excluded(project=order.project, item_ids=ids, is_excluded=True)


def _restore(order: Order, ids: Sequence[int]) -> list[int]:
    return set_excluded(project=order.project, item_ids=ids, is_excluded=False)


def _keep(order: Order, ids: Sequence[int]) -> list[int]:
    return _run(_KEEP, order, ids, kind=rules.check_kind(order.kind).value)


def _unkeep(order: Order, ids: Sequence[int]) -> list[int]:
    return _run(_UNKEEP, order, ids, kind=rules.check_kind(order.kind).value)


def _tag(order: Order, ids: Sequence[int]) -> list[int]:
    dataset = order.project.datasets.get(name="main")
    tag, _ = Tag.objects.get_or_create(dataset=dataset, name=rules.clean_tag(order.tag))
    return _run(_TAG, order, ids, tag=tag.pk)


def _untag(order: Order, ids: Sequence[int]) -> list[int]:
    tags = Tag.objects.filter(dataset__project=order.project, name=rules.clean_tag(order.tag))
    found = [pk for tag in tags for pk in _run(_UNTAG, order, ids, tag=tag.pk)]
    tags.filter(uses=None).delete()  # a tag on nothing is forgotten
    return found


def _run(statement: str, order: Order, ids: Sequence[int], **values: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"project": order.project.pk, "user": order.user.pk, "ids": list(ids), **values})
        return [pk for (pk,) in cursor.fetchall()]


def _pair(apply: Callable[[Order, Sequence[int]], list[int]], revert: Callable[..., list[int]]) -> _Verb:
    """Two verbs of which each takes the other back, item by item."""
    return _Verb(lambda order, ids: Change(apply(order, ids)), lambda order, change: revert(order, change.item_ids))


_VERBS = {
    "label": _Verb(_label, _unlabel),
    "exclude": _pair(_exclude, _restore),
    "restore": _pair(_restore, _exclude),
    "keep": _pair(_keep, _unkeep),
    "unkeep": _pair(_unkeep, _keep),
    "tag": _pair(_tag, _untag),
    "untag": _pair(_untag, _tag),
}
