"""Reads on webhooks and what was sent to them."""

from __future__ import annotations

from django.db.models import QuerySet

from lifecycle.annotations.models import Webhook, WebhookDelivery
from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Project


def list_webhooks(project: Project) -> QuerySet[Webhook]:
    return Webhook.objects.filter(project=project).select_related("project", "created_by")


def get_webhook(project: Project, webhook_id: int) -> Webhook:
    found = list_webhooks(project).filter(pk=webhook_id).first()
    if found is None:
        raise NotFound("There is no such webhook in this project.")
    return found


def list_deliveries(webhook: Webhook, *, state: str = "") -> QuerySet[WebhookDelivery]:
    """What was sent or waits, newest first."""
    found = WebhookDelivery.objects.filter(webhook=webhook)
    return found.filter(state=state) if state else found


def get_delivery(webhook: Webhook, delivery_id: int) -> WebhookDelivery:
    found = WebhookDelivery.objects.filter(webhook=webhook, pk=delivery_id).select_related("webhook__project").first()
    if found is None:
        raise NotFound("There is no such delivery of this webhook.")
    return found
