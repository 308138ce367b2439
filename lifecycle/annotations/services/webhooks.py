"""Tell other systems what happens to labels: events are written down with the change itself, and sent by a job."""

from __future__ import annotations

import secrets as random_secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from lifecycle.annotations.external_payloads import build_task
from lifecycle.annotations.models import Annotation, Review, Task, Webhook, WebhookDelivery
from lifecycle.annotations.services.addresses import check_http_url
from lifecycle.annotations.services.external import get_interface, serve_config
from lifecycle.common import secrets
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.common.rows import Columns, read_all
from lifecycle.contracts.webhooks import EVENTS, MAX_ATTEMPTS, RESERVED_HEADERS, find_pause
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_WEBHOOKS = 20
MAX_HEADERS = 20
GIVE_UP_AFTER = 10  # so many events in a row that could not be delivered switch a webhook off
SIGNING_KEY = "signing key"
HEADER = "header "
SENT_AT_ONCE = 2_000  # ids of tasks in one event

State = WebhookDelivery.State

_WEBHOOK = Columns(Webhook, "w")
_ACTIVE = f"SELECT {_WEBHOOK.sql} FROM annotations_webhook w WHERE w.project_id = %s AND w.is_active ORDER BY w.id"


@dataclass(frozen=True)
class Parcel:
    """A delivery as it goes out."""

    delivery_id: int
    key: str
    url: str
    event: str
    body: bytes
    secret: str
    headers: dict[str, str]


def create_webhook(
    *, project: Project, actor, url: str, events: Sequence[str] = (), headers: Mapping[str, str] | None = None,
    send_payload: bool = True, is_active: bool = True,
) -> tuple[Webhook, str]:  # fmt: skip
    """A webhook and its signing key, which is shown this once."""
    if Webhook.objects.filter(project=project).count() >= MAX_WEBHOOKS:
        raise Conflict(f"A project has at most {MAX_WEBHOOKS} webhooks. Delete one first.")
    secret = "whsec_" + random_secrets.token_urlsafe(32)
    kept = {SIGNING_KEY: secret} | {HEADER + name: value for name, value in _check_headers(headers or {}).items()}
    with transaction.atomic():
        webhook = Webhook.objects.create(
            project=project,
            url=_check_url(url),
            events=_check_events(events),
            secrets=secrets.encrypt(kept),
            send_payload=send_payload,
            is_active=is_active,
            created_by=actor,
        )
        _note(webhook, actor, "webhook.created", f"{actor.username} added a webhook to {_show_host(webhook.url)}")
    return webhook, secret


def change_webhook(*, webhook: Webhook, actor, changes: Mapping[str, Any]) -> Webhook:
    """Another url, events, is_active, send_payload or headers (None leaves the headers alone)."""
    with transaction.atomic():
        locked = Webhook.objects.select_for_update(of=("self",)).select_related("project").get(pk=webhook.pk)
        if "url" in changes:
            locked.url = _check_url(changes["url"])
        if "events" in changes:
            locked.events = _check_events(changes["events"])
        if changes.get("headers") is not None:
            kept = {SIGNING_KEY: secrets.decrypt(locked.secrets)[SIGNING_KEY]}
            checked = _check_headers(changes["headers"])
            locked.secrets = secrets.encrypt(kept | {HEADER + name: value for name, value in checked.items()})
        for name in ("is_active", "send_payload"):
            setattr(locked, name, bool(changes.get(name, getattr(locked, name))))
        if locked.is_active:
            locked.failures = 0
        locked.save()
        _note(locked, actor, "webhook.changed", f"{actor.username} changed the webhook to {_show_host(locked.url)}")
        transaction.on_commit(lambda: start_delivery(locked.pk))
    return locked


def delete_webhook(*, webhook: Webhook, actor) -> None:
    with transaction.atomic():
        _note(webhook, actor, "webhook.deleted", f"{actor.username} deleted the webhook to {_show_host(webhook.url)}")
        webhook.delete()


def ping(*, webhook: Webhook) -> WebhookDelivery:
    """Send a test event, whether or not the webhook asks for events of a kind."""
    with transaction.atomic():
        body = {"action": "PING", "project": _describe_project(webhook.project)}
        delivery = _write([webhook], "PING", body)[0]
    return delivery


def resend(*, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send the same body again, under the same key, with a fresh count of attempts."""
    with transaction.atomic():
        locked = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
        if locked.state == State.WAITING:
            raise Conflict("This delivery is on its way already.")
        locked.state, locked.attempts, locked.not_before, locked.finished_at = State.WAITING, 0, None, None
        locked.save(update_fields=["state", "attempts", "not_before", "finished_at"])
        transaction.on_commit(lambda: start_delivery(locked.webhook_id))
    return locked


def notify_annotation(*, project: Project, annotation: Annotation, is_first: bool) -> None:
    """An answer was given, changed or taken back; call in the transaction that wrote it."""
    is_gone = annotation.kind == Annotation.Kind.WITHDRAWN
    event = "ANNOTATIONS_DELETED" if is_gone else "ANNOTATION_CREATED" if is_first else "ANNOTATION_UPDATED"
    wanting = _find_wanting(project, event)
    if not wanting:
        return
    from lifecycle.annotations.external_selectors import describe_annotations

    asked = {"label_config": serve_config(project)}  # an ML backend learns from it which controls there are
    body: dict[str, Any] = {"action": event, "project": _describe_project(project) | asked}
    if is_gone:
        body["annotations"] = [{"id": annotation.previous_id, "task": annotation.task_id}]
    else:
        task = Task.objects.select_related("item").get(pk=annotation.task_id)
        body["task"] = build_task(project, get_interface(project), task)
        body["annotation"] = describe_annotations(project, [annotation])[0]
    _write(wanting, event, body)


def notify_withdrawn(*, project: Project, annotations: Sequence[Annotation]) -> None:
    """Answers were taken back in bulk: each is named by the version that went. Call in the transaction that did it."""
    wanting = _find_wanting(project, "ANNOTATIONS_DELETED") if annotations else []
    for at in range(0, len(annotations) if wanting else 0, SENT_AT_ONCE):
        gone = [{"id": one.previous_id, "task": one.task_id} for one in annotations[at : at + SENT_AT_ONCE]]
        body = {"action": "ANNOTATIONS_DELETED", "project": _describe_project(project), "annotations": gone}
        _write(wanting, "ANNOTATIONS_DELETED", body)


def notify_review(*, project: Project, review: Review, is_first: bool) -> None:
    """An answer got a verdict, its first one or another; call in the transaction that wrote it."""
    event = "REVIEW_CREATED" if is_first else "REVIEW_UPDATED"
    wanting = _find_wanting(project, event)
    if not wanting:
        return
    from lifecycle.annotations.external_selectors import describe_annotations

    said: dict[str, Any] = {
        "id": review.pk,
        "annotation": review.annotation_id,
        "fixed_by": review.fixed_by_id,
        "created_by": {"id": review.reviewer_id},
        "accepted": review.verdict == Review.Verdict.ACCEPTED,
        "verdict": review.verdict,
        "comment": review.reason,
        "created_at": review.created_at,
    }
    task = Task.objects.select_related("item").get(pk=review.task_id)
    body = {
        "action": event,
        "project": _describe_project(project),
        "task": build_task(project, get_interface(project), task),
        "annotation": describe_annotations(project, [review.fixed_by or review.annotation])[0],
        "review": said,
    }
    _write(wanting, event, body)


def notify_review_deleted(*, project: Project, review: Review) -> None:
    """A verdict was taken back; call in the transaction that does it, before."""
    wanting = _find_wanting(project, "REVIEWS_DELETED")
    if wanting:
        said = {"id": review.pk, "annotation": review.annotation_id, "task": review.task_id}
        body = {"action": "REVIEWS_DELETED", "project": _describe_project(project), "reviews": [said]}
        _write(wanting, "REVIEWS_DELETED", body)


def notify_tasks(*, project: Project, event: str, task_ids: Sequence[int]) -> None:
    """Tasks came or went; call in the transaction that did it."""
    wanting = _find_wanting(project, event) if task_ids else []
    for at in range(0, len(task_ids) if wanting else 0, SENT_AT_ONCE):
        tasks = [{"id": task_id} for task_id in task_ids[at : at + SENT_AT_ONCE]]
        _write(wanting, event, {"action": event, "project": _describe_project(project), "tasks": tasks})


def notify_import(*, project: Project, count: int) -> None:
    """Labels came in bulk: one event says how many."""
    wanting = _find_wanting(project, "ANNOTATIONS_IMPORTED") if count else []
    if wanting:
        body = {"action": "ANNOTATIONS_IMPORTED", "project": _describe_project(project), "annotation_count": count}
        _write(wanting, "ANNOTATIONS_IMPORTED", body)


def _find_wanting(project: Project, event: str) -> list[Webhook]:
    active = [webhook for (webhook,) in read_all(_ACTIVE, [project.pk], _WEBHOOK)]
    return [webhook for webhook in active if not webhook.events or event in webhook.events]


def _write(webhooks: Sequence[Webhook], event: str, body: Mapping[str, Any]) -> list[WebhookDelivery]:
    short = {"action": event}
    rows = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook=webhook,
            key=uuid.uuid4(),
            event=event,
            body=orjson.dumps(body if webhook.send_payload else short, option=orjson.OPT_UTC_Z).decode(),
        )
        for webhook in webhooks
    )
    for webhook in webhooks:
        transaction.on_commit(partial(start_delivery, webhook.pk))
    return rows


def start_delivery(webhook_id: int) -> None:
    """Have a worker send what waits for this address; after the commit, so that a job that runs now sees it."""
    webhook = Webhook.objects.filter(pk=webhook_id).select_related("project").first()
    queued = Job.objects.filter(kind="webhook", subject_id=webhook_id, state=Job.State.QUEUED)
    if webhook is None or queued.exists() or not webhook.deliveries.filter(state=State.WAITING).exists():
        return
    jobs.enqueue(
        kind="webhook",
        title=f"Tell {_show_host(webhook.url)} what happened",
        spec={"webhook_id": webhook_id},
        project=webhook.project,
        subject_type="webhook",
        subject_id=webhook_id,
    )


def pack_next(*, webhook_id: int, after: int = 0) -> Parcel | None:
    """The oldest delivery that is due, with everything needed to send it."""
    due = Q(not_before=None) | Q(not_before__lte=Now())
    waiting = WebhookDelivery.objects.filter(due, webhook=webhook_id, state=State.WAITING, pk__gt=after)
    found = waiting.select_related("webhook").order_by("pk").first()
    if found is None:
        return None
    kept = secrets.decrypt(found.webhook.secrets)
    headers = {name.removeprefix(HEADER): value for name, value in kept.items() if name.startswith(HEADER)}
    return Parcel(
        found.pk, str(found.key), found.webhook.url, found.event, found.body.encode(), kept[SIGNING_KEY], headers
    )


def record_attempt(*, delivery_id: int, status: int | None, said: str) -> WebhookDelivery:
    """What came of one attempt: done for a 2xx, else tried again later, and given up in the end."""
    with transaction.atomic():
        delivery = WebhookDelivery.objects.select_for_update().get(pk=delivery_id)
        delivery.attempts += 1
        delivery.status, delivery.said = status, said.replace("\0", "\ufffd")[:500]
        if status is not None and 200 <= status < 300:
            delivery.state, delivery.finished_at = State.DELIVERED, timezone.now()
            Webhook.objects.filter(pk=delivery.webhook_id, failures__gt=0).update(failures=0)
        elif delivery.attempts >= MAX_ATTEMPTS:
            delivery.state, delivery.finished_at = State.FAILED, timezone.now()
            _count_failure(delivery.webhook_id)
        else:
            delivery.not_before = timezone.now() + timedelta(seconds=find_pause(delivery.attempts))
        delivery.save()
    return delivery


def _count_failure(webhook_id: int) -> None:
    Webhook.objects.filter(pk=webhook_id).update(failures=F("failures") + 1)
    webhook = Webhook.objects.select_related("project").get(pk=webhook_id)
    if webhook.is_active and webhook.failures >= GIVE_UP_AFTER:
        Webhook.objects.filter(pk=webhook_id).update(is_active=False)
        said = f"The webhook to {_show_host(webhook.url)} was switched off: {GIVE_UP_AFTER} events in a row failed"
        _note(webhook, None, "webhook.off", said)


def find_next_pause(*, webhook_id: int) -> float | None:
    """Seconds until the next waiting delivery is due; None when nothing waits."""
    waiting = WebhookDelivery.objects.filter(webhook=webhook_id, state=State.WAITING)
    times = list(waiting.order_by(F("not_before").asc(nulls_first=True)).values_list("not_before", flat=True)[:1])
    if not times:
        return None
    return max((times[0] - timezone.now()).total_seconds(), 1.0) if times[0] else 1.0


def _check_url(url: str) -> str:
    return check_http_url(
        url,
        example="https://example.org/hook",
        password_goes="Put a password into a header, not into the address.",
        may_have_query=True,
    )


def _check_events(events: Sequence[str]) -> list[str]:
    unknown = [str(event) for event in events if event not in EVENTS]
    if unknown:
        sentence = f"There is no event “{unknown[0][:40]}”."
        raise DomainError(sentence, fields={"events": sentence})
    return sorted(set(events))


def _check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    if len(headers) > MAX_HEADERS:
        raise DomainError(f"At most {MAX_HEADERS} headers.", fields={"headers": f"At most {MAX_HEADERS}."})
    for name, value in headers.items():
        is_name = str(name).replace("-", "").replace("_", "").isalnum() and str(name).isascii() and len(name) <= 100
        is_value = isinstance(value, str) and value.isprintable() and value.isascii() and len(value) <= 2_000
        is_ours = str(name).lower() in RESERVED_HEADERS or str(name).lower().startswith("x-gristmill-")
        if not is_name or not is_value or is_ours:
            sentence = f"The header “{str(name)[:40]}” cannot be sent."
            raise DomainError(sentence, fields={"headers": sentence})
    return dict(headers)


def _describe_project(project: Project) -> dict[str, Any]:
    return {"id": project.pk, "slug": project.slug, "title": project.name}


def _show_host(url: str) -> str:
    return urlsplit(url).hostname or url[:60]


def _note(webhook: Webhook, actor, verb: str, summary: str) -> None:
    record_event(
        project=webhook.project, actor=actor, verb=verb, summary=summary, object_type="webhook", object_id=webhook.pk
    )
