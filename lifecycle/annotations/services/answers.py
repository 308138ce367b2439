"""Take answers: submit, change, skip, undo. Every version is kept; all of it happens under the task's row lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, Lease, QualitySettings, QueueSettings, Review, Task
from lifecycle.annotations.queue_selectors import find_settings, find_skip_policy
from lifecycle.annotations.services import gold, webhooks
from lifecycle.annotations.services.late_answers import bring_up_to_date
from lifecycle.annotations.services.queue import lend
from lifecycle.annotations.services.quiz_gate import require_passed
from lifecycle.annotations.services.scene import Scene, find_asked, find_interface, lock_scene, write_version
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.label_interface import Interface
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project

Kind = Annotation.Kind
Origin = Annotation.Origin

MAX_LEAD_TIME_MS = 24 * 3_600 * 1_000
SKIP_REASON_LENGTH = 200
SETTLED = ("answers", "state", "skip_reason", "disagreement", "is_disagreement_due")  # of a task, by its answers


@dataclass(frozen=True)
class _Version:
    """What is about to become somebody's current version."""

    kind: str
    result: Any = ()
    reason: str = ""
    lead_time_ms: int | None = None
    key: str | None = None
    value: str | None = None
    is_read: bool = False  # `value` is what `result` says, found out by whoever knows the result's names
    external: dict[str, Any] | None = None
    shown_guide: int | None = None  # version of the guide that the person had before them
    shown_schema: int | None = None  # and of the label schema; None for the one that counts now


def submit(
    *,
    project: Project,
    user,
    task_id: int,
    result: Any,
    lead_time_ms: int | None = None,
    idempotency_key: str | None = None,
    may_answer_any: bool = False,
    guide_version: int | None = None,
    schema_version: int | None = None,
) -> Annotation:
    """Record a user's answer, their first one or a change of it. Committed when it returns.

    A repeat with the same key returns the same annotation. An answer after the lease ran out is taken while the task
    still wants one; otherwise Conflict. `may_answer_any` lets in a user whom the queue never gave the task.
    `schema_version` is the one that the user had before them: labels that were renamed since are taken by their new
    names.
    """
    lead, key = _clean_lead_time(lead_time_ms), _clean_key(idempotency_key)
    version = _Version(Kind.ANSWER, result, "", lead, key, shown_guide=guide_version, shown_schema=schema_version)
    return _write(project, user, task_id, version, may_answer_any)


def skip(
    *,
    project: Project,
    user,
    task_id: int,
    reason: str = "",
    lead_time_ms: int | None = None,
    idempotency_key: str | None = None,
    may_answer_any: bool = False,
    guide_version: int | None = None,
) -> Annotation:
    """Say that one cannot label an item. It goes on to other people, until as many skipped it, or for such a reason,
    that the project's settings take it out of the queue; there it stays until it is reopened or the skip is undone.
    """
    reason = " ".join(reason.split())[:SKIP_REASON_LENGTH]
    if not reason and find_settings(project).needs_skip_reason:
        raise DomainError("Say why: this project asks for a reason with every skip.", fields={"reason": "why"})
    lead, key = _clean_lead_time(lead_time_ms), _clean_key(idempotency_key)
    version = _Version(Kind.SKIP, reason=reason, lead_time_ms=lead, key=key, shown_guide=guide_version)
    return _write(project, user, task_id, version, may_answer_any)


def submit_read(
    *,
    project: Project,
    user,
    task_id: int,
    result: Sequence[Any],
    value: str | None,
    lead_time_ms: int | None = None,
    external: dict[str, Any] | None = None,
) -> Annotation:
    """`submit` for another tool's door, which has read the value out of the result already; a result may be empty."""
    version = _Version(
        Kind.ANSWER, result, lead_time_ms=_clean_lead_time(lead_time_ms), value=value, is_read=True, external=external
    )
    return _write(project, user, task_id, version, may_answer_any=True)


def withdraw(
    *, project: Project, user, task_id: int, idempotency_key: str | None = None, guide_version: int | None = None
) -> Annotation:
    """Take back one's own answer or skip. The task is lent to the user again, so that they can answer it anew."""
    version = _Version(Kind.WITHDRAWN, key=_clean_key(idempotency_key), shown_guide=guide_version)
    return _write(project, user, task_id, version, may_answer_any=False)


def read_answer(*, project: Project, result: Any, shown_schema: int | None = None) -> tuple[int, Any, str | None]:
    """(schema version, result, value) of a result as an answer of now; refuses what the schema does not allow."""
    return _read(project, _Version(Kind.ANSWER, result, shown_schema=shown_schema), find_interface(project))


def settle(task: Task, label_kind: str, policy: rules.SkipPolicy | None = None) -> None:
    """Bring a task's count, state and its item's label in line with its current answers; the caller holds its row
    lock. `policy` counts instead of the project's.
    """
    rows = task.annotations.filter(is_current=True).order_by("pk")
    current = [rules.Current(*row) for row in rows.values_list("pk", "user_id", "kind", "origin", "value", "reason")]
    policy = policy or _find_policy(task.dataset.project, current)
    outcome = rules.compute_outcome(label_kind, task.overlap, current, policy)
    task.answers, task.state, task.skip_reason = outcome.answers, outcome.state, outcome.skip_reason
    task.disagreement, task.is_disagreement_due = outcome.disagreement, outcome.disagreement is not None
    task.save(update_fields=[*SETTLED, "updated_at"])
    if (task.item.label, task.item.label_annotation_id) != (outcome.label, outcome.annotation_id):
        record_labels(dataset=task.dataset, labels=[(task.item_id, outcome.label, outcome.annotation_id)])


def _write(project: Project, user, task_id: int, version: _Version, may_answer_any: bool) -> Annotation:
    try:
        with transaction.atomic():
            return _write_locked(project, user, task_id, version, may_answer_any)
    except IntegrityError as error:
        if "annotation_key_once" not in str(error):
            raise
        raise Conflict("This idempotency key was used for another answer.") from None


def _write_locked(project: Project, user, task_id: int, version: _Version, may_answer_any: bool) -> Annotation:
    scene = lock_scene(project, user, task_id, version.key, version.shown_guide)
    if version.is_read and scene.own and scene.own.origin == Origin.IMPORT:
        scene = replace(scene, own=None)  # for another tool an answer stands beside what the same person imported
    if scene.repeat_id is not None:
        return _get_repeat(scene)
    if scene.has_quiz and version.kind != Kind.WITHDRAWN and not may_answer_any:
        require_passed(project, user, role="annotator")
    if _is_for_gold(scene, version):
        version = replace(version, kind=Kind.GOLD if version.kind == Kind.ANSWER else version.kind)
    else:
        _check_room(scene, version, may_answer_any)
    schema_version, result, value = _read(project, version, find_asked(project, scene))
    annotation = Annotation(
        pk=scene.new_id,
        task_id=task_id,
        item_id=scene.item_id,
        user=user,
        kind=version.kind,
        result=list(result),
        value=value,
        reason=version.reason,
        previous_id=scene.own.id if scene.own else None,
        schema_version=schema_version,
        guide_version=scene.guide_version,
        lead_time_ms=version.lead_time_ms,
        idempotency_key=version.key,
        external=version.external,
        created_at=timezone.now(),
    )
    annotation.is_assisted = scene.has_assistance
    _settle_scene(project, user, scene, annotation)
    if annotation.kind == Kind.GOLD and scene.gold_id is not None:
        label_kind = get_problem_type(project.problem_type).label_kind
        gold.record_attempt(gold_id=scene.gold_id, annotation=annotation, label_kind=label_kind)
        return annotation
    if scene.has_webhooks:
        webhooks.notify_annotation(project=project, annotation=annotation, is_first=_is_first(scene))
    return annotation


def _is_for_gold(scene: Scene, version: _Version) -> bool:
    """An answer to a gold item by somebody to whom it was lent as one. It is scored; the item has its answers."""
    is_new = scene.own is None or scene.own.kind in (Kind.WITHDRAWN, Kind.GOLD)
    return scene.gold_id is not None and version.kind != Kind.WITHDRAWN and is_new and scene.was_lent


def _is_first(scene: Scene) -> bool:
    return scene.own is None or scene.own.kind == Kind.WITHDRAWN


def _settle_scene(project: Project, user, scene: Scene, annotation: Annotation) -> None:
    mine = rules.Current(annotation.pk, user.pk, annotation.kind, "human", annotation.value, annotation.reason)
    current = [*(version for version in scene.current if version is not scene.own), mine]
    label_kind = get_problem_type(project.problem_type).label_kind
    outcome = rules.compute_outcome(label_kind, scene.overlap, current, _find_policy(project, current))
    write_version(scene, annotation, outcome)
    if (scene.label, scene.label_annotation_id) != (outcome.label, outcome.annotation_id):
        dataset = Dataset(pk=scene.dataset_id)
        record_labels(dataset=dataset, labels=[(scene.item_id, outcome.label, outcome.annotation_id)])
    if annotation.kind == Kind.WITHDRAWN:
        seconds = scene.lease_seconds or QueueSettings._meta.get_field("lease_seconds").default
        lend(user=user, task_id=scene.task_id, seconds=seconds)
        return
    if scene.gold_id is not None:  # it is in others' hands as a gold item, whatever room there is
        return
    room = max(0, scene.overlap - outcome.answers) if outcome.state == Task.State.OPEN else 0
    if scene.others_holding > room:
        _end_surplus_leases(scene.task_id, user, room)


def _find_policy(project: Project, current: Sequence[rules.Current]) -> rules.SkipPolicy:
    """Read only where somebody skipped: most answers do not depend on it."""
    has_skip = any(version.kind == Kind.SKIP for version in current)
    return find_skip_policy(project) if has_skip else rules.SkipPolicy()


def _end_surplus_leases(task_id: int, user, room: int) -> None:
    """Of the others' live leases, only as many stay as there are answers wanted: the oldest."""
    others = Lease.objects.filter(task=task_id, expires_at__gt=Now()).exclude(user=user)
    surplus = list(others.order_by("created_at", "pk").values_list("pk", flat=True)[room:])
    Lease.objects.filter(pk__in=surplus).update(expires_at=Now())


def _read(project: Project, version: _Version, found: tuple[int, Interface] | None) -> tuple[int, Any, str | None]:
    """(schema version, result, value) of what is about to be written, checked against the schema that counts now."""
    if found is None:
        raise Conflict("This project has no label schema yet: an engineer has to set its classes first.")
    schema_version, interface = found
    if version.kind not in (Kind.ANSWER, Kind.GOLD):
        return schema_version, version.result, None
    if version.is_read:
        return schema_version, version.result, version.value
    try:
        late = _bring_up_to_date(project, version, schema_version)
        result = version.result if late is None else late
        return schema_version, result, _read_answer(interface, result, is_late=late is not None)
    except ValueError as error:
        raise DomainError(str(error)) from None


def _bring_up_to_date(project: Project, version: _Version, newest: int) -> list[dict[str, Any]] | None:
    """The result in the names of now, where it was given under an earlier schema."""
    shown = version.shown_schema
    return bring_up_to_date(project, version.result, shown, newest) if shown and shown < newest else None


def _read_answer(interface: Interface, result: Any, is_late: bool) -> str:
    checked = interface.check_result(result)
    value = interface.read_value(checked)
    if value is None:
        raise ValueError("The answer says nothing about the project's question. Skip the item instead.")
    if not is_late:  # else it was complete as it was given
        interface.check_complete(checked)
        interface.check_asked(checked)
        interface.check_limits(checked)
    return value


def _get_repeat(scene: Scene) -> Annotation:
    assert scene.repeat_id is not None
    found = Annotation.objects.select_related("user").get(pk=scene.repeat_id)
    if found.task_id != scene.task_id:
        raise Conflict("This idempotency key was used for another answer.")
    return found


def _check_room(scene: Scene, version: _Version, may_answer_any: bool) -> None:
    own = scene.own if scene.own and scene.own.origin in Annotation.OWN else None
    if not (own or may_answer_any or scene.was_lent):
        raise NotFound("This task is not yours to answer: take one from the queue.")
    if version.kind == Kind.WITHDRAWN:
        if own is None or own.kind == Kind.WITHDRAWN:
            raise Conflict("There is nothing to undo: you have no answer on this item.")
        return
    if own is not None and own.kind == Kind.WITHDRAWN and _is_barred(scene, own.user_id):
        raise Conflict("A reviewer did not take your answer and gave this item to somebody else.")
    replaces_answer = own is not None and own.kind == Kind.ANSWER
    if not replaces_answer and scene.answers >= scene.overlap:
        raise Conflict("This item got all the answers it wanted before yours arrived. Yours was not counted.")
    if scene.is_excluded:
        raise Conflict("This item was excluded from the dataset meanwhile. Your answer was not counted.")


def _is_barred(scene: Scene, user_id: int) -> bool:
    """Whether a reviewer rejected this person's answer for somebody else to give a new one."""
    sent_on = Review.objects.filter(task=scene.task_id, annotator=user_id, return_to=QualitySettings.ReturnTo.OTHER)
    return sent_on.filter(verdict=Review.Verdict.REJECTED).exists()


def _clean_lead_time(lead_time_ms: int | None) -> int | None:
    return None if lead_time_ms is None else max(0, min(int(lead_time_ms), MAX_LEAD_TIME_MS))


def _clean_key(key: str | None) -> str | None:
    if key is not None and not 8 <= len(key) <= 64:
        raise DomainError("An idempotency key has 8 to 64 characters.")
    return key
