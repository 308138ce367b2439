"""Acts on items: a few at once, many as a job with progress; each can be taken back as a whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.engine import Canceled
from lifecycle.exploration import rules, selectors
from lifecycle.exploration.models import ItemAct, ItemActBatch
from lifecycle.exploration.selectors.picking import Scope
from lifecycle.exploration.services.changes import Change, Order, apply_change, revert_change
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.jobs.selectors import ACTIVE
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

AT_ONCE = 2_000  # items that change within the request, some 0.1 s; more are a job's
BATCH = 2_000  # items of one transaction: others may be waiting for one of them
KEPT_DAYS = 30  # after which an act is no longer taken back
EVENTS = {
    "label": "items.requested",
    "exclude": "items.excluded",
    "restore": "items.restored",
    "keep": "findings.kept",
    "unkeep": "findings.shown",
    "tag": "items.tagged",
    "untag": "items.untagged",
}
Recording = Callable[[], AbstractContextManager]
Report = Callable[[float, str], None]


def start_act(*, project: Project, user, action: str, scope: Scope, kind: str = "", tag: str = "") -> ItemAct:
    """Send items somewhere, one of rules.ACTIONS: done when it returns where they are few, else by the act's `job`.

    `kind` names the list to keep them out of or show them in again, `tag` the tag. Raises DomainError for what is no
    action, and where there is no item.
    """
    tag = _check(action, kind, tag)
    ids = selectors.pick_ids(project, scope, limit=AT_ONCE + 1)
    if not ids:
        raise DomainError("Choose at least one item.", fields={"items": "Choose at least one item."})
    act = ItemAct(project=project, created_by=user, action=action, kind=kind, tag=tag)
    if len(ids) <= AT_ONCE:
        act.item_ids, act.reached = ids, len(ids)
        with transaction.atomic():
            act.save()
            run_act(act)
        return act
    with transaction.atomic():
        if scope.is_looked_up_later:
            act.query, act.newest_item_id = scope.query or "", max(ids)
        else:
            act.item_ids = selectors.pick_ids(project, scope)
            act.reached = len(act.item_ids)
        act.save()
        act.job = _enqueue(act, user, rules.name_act(action, tag=tag), undoes=False)
        act.save(update_fields=["job", "updated_at"])
    return act


def _check(action: str, kind: str, tag: str) -> str:
    """The tag as it is stored; raises DomainError for what cannot be done."""
    if action not in rules.ACTIONS:
        raise DomainError(f"“{action}” is no action; use one of {', '.join(rules.ACTIONS)}.")
    if action in ("keep", "unkeep"):
        rules.check_kind(kind)
    return rules.clean_tag(tag) if action in ("tag", "untag") else ""


def _enqueue(act: ItemAct, user, title: str, *, undoes: bool) -> Job:
    return jobs.enqueue(
        kind="act",
        title=title,
        spec={"act_id": act.pk, "undoes": undoes},
        project=act.project,
        created_by=user,
        subject_type="items",
        subject_id=act.pk,
    )


def run_act(
    act: ItemAct,
    *,
    recording: Recording = transaction.atomic,
    report: Report = lambda fraction, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Do what was asked, a batch a transaction of `recording`; a killed attempt goes on after the last one.

    Raises Canceled between two batches where it shall stop; what was done by then can be taken back.
    """
    if act.finished_at is not None or act.undone_at is not None:
        return
    ids = _look_up(act, recording)
    order = _order(act, act.created_by)
    for number in range(act.batches.count(), (len(ids) + BATCH - 1) // BATCH):
        if should_stop():
            with recording():
                _tell(act, "; then it was stopped")
            raise Canceled
        with recording():
            change = apply_change(order, ids[number * BATCH : (number + 1) * BATCH])
            ItemActBatch.objects.create(act=act, number=number, item_ids=change.item_ids, before=list(change.before))
            act.changed += len(change.item_ids)
            act.save(update_fields=["changed", "updated_at"])
        report(min((number + 1) * BATCH / len(ids), 1.0), f"{act.changed:,} items changed")
    with recording():
        act.item_ids, act.finished_at = [], timezone.now()
        act.save(update_fields=["item_ids", "finished_at", "updated_at"])
        _tell(act)


def _look_up(act: ItemAct, recording: Recording) -> list[int]:
    if act.item_ids is None:
        act.item_ids = selectors.pick_ids(act.project, Scope(query=act.query), newest=act.newest_item_id)
        act.reached = len(act.item_ids)
        with recording():
            act.save(update_fields=["item_ids", "reached", "updated_at"])
    return act.item_ids


def _tell(act: ItemAct, more: str = "") -> None:
    if act.changed:
        record_event(
            project=act.project,
            actor=act.created_by,
            verb=EVENTS[act.action],
            summary=rules.describe_act(act.action, act.changed, kind=act.kind, tag=act.tag) + more,
            object_type="item_act",
            object_id=act.pk,
            details={"count": act.changed, "kind": act.kind, "tag": act.tag},
        )


def undo_act(*, act: ItemAct, user) -> ItemAct:
    """Take all of an act back: done when it returns where it changed few items, else by its `undo_job`.

    Raises Conflict where it is not done yet, or was taken back.
    """
    with transaction.atomic():
        act = (
            ItemAct.objects.select_for_update(of=("self",))
            .select_related("project", "created_by", "job")
            .get(pk=act.pk)
        )
        if act.undone_at is not None or act.undo_job_id is not None:
            raise Conflict("This was taken back already.")
        if act.job is not None and act.job.state in ACTIVE:
            raise Conflict("This is still being done. Cancel its job, or wait until it is done.")
        if act.changed <= AT_ONCE:
            run_undo(act, user=user)
            return act
        act.undo_job = _enqueue(act, user, f"Undo: {rules.name_act(act.action, tag=act.tag)}", undoes=True)
        act.save(update_fields=["undo_job", "updated_at"])
    return act


def run_undo(
    act: ItemAct,
    *,
    user,
    recording: Recording = transaction.atomic,
    report: Report = lambda fraction, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Make every item that the act changed what it was before, the last batch first; returns how many it could be
    done for. As `run_act`, a killed attempt goes on where it was."""
    order, count = _order(act, user), 0
    numbers = list(act.batches.filter(is_undone=False).order_by("-number").values_list("number", flat=True))
    for done, number in enumerate(numbers, 1):
        if should_stop():
            raise Canceled
        with recording():
            batch = act.batches.get(number=number)
            count += len(revert_change(order, Change(batch.item_ids, batch.before)))
            act.batches.filter(number=number).update(is_undone=True)
        report(done / len(numbers), f"{count:,} items taken back")
    with recording():
        act.undone_at = timezone.now()
        act.save(update_fields=["undone_at", "updated_at"])
        if count:
            done_before = rules.describe_act(act.action, act.changed, kind=act.kind, tag=act.tag)
            record_event(
                project=act.project,
                actor=user,
                verb="items.undone",
                summary=f"Took back for {count:,} item{'' if count == 1 else 's'}: {done_before}",
                object_type="item_act",
                object_id=act.pk,
            )
    return count


def act_on_items(*, project: Project, user, action: str, item_ids: Any, kind: str = "", tag: str = "") -> int:
    """Do it now, whatever it costs; for callers with a few items. Returns how many changed."""
    tag, ids = _check(action, kind, tag), list(dict.fromkeys(item_ids))
    if not ids:
        raise DomainError("Choose at least one item.", fields={"items": "Choose at least one item."})
    act = ItemAct(project=project, created_by=user, action=action, kind=kind, tag=tag, item_ids=ids, reached=len(ids))
    with transaction.atomic():
        act.save()
        run_act(act)
    return act.changed


def delete_old_acts() -> int:
    """Forget acts that nobody takes back any more; what they did stays. Returns how many."""
    oldest = timezone.now() - timedelta(days=KEPT_DAYS)
    return ItemAct.objects.filter(created_at__lt=oldest).delete()[1].get("exploration.ItemAct", 0)


def _order(act: ItemAct, user) -> Order:
    return Order(act.project, user, act.action, act.kind, act.tag)
