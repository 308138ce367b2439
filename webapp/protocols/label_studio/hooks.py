"""Webhooks by Label Studio's own API."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from lifecycle.annotations import webhook_selectors as selectors
from lifecycle.annotations.models import Webhook
from lifecycle.annotations.services import webhooks
from lifecycle.contracts.webhooks import EVENTS
from webapp.protocols.label_studio.base import DoorView, ProjectDoorView, read_body


class WebhooksView(DoorView):
    def get(self, request):
        project = self.open_project(request.query_params.get("project"), "engineer")
        return Response([describe(webhook) for webhook in selectors.list_webhooks(project)])

    def post(self, request):
        body = read_body(request)
        project = self.open_project(body.get("project"), "engineer")
        webhook, secret = webhooks.create_webhook(
            project=project,
            actor=request.user,
            url=str(body.get("url") or ""),
            events=_read_events(body),
            headers=_read_headers(body),
            send_payload=body.get("send_payload", True) is not False,
            is_active=body.get("is_active", True) is not False,
        )
        return Response(describe(webhook) | {"signing_key": secret}, status=201)


class WebhookView(ProjectDoorView):
    kind = "webhook"

    def get(self, request, webhook_pk):
        return Response(describe(selectors.get_webhook(self.project, webhook_pk)))

    def patch(self, request, webhook_pk):
        body = read_body(request)
        changes: dict[str, Any] = {
            name: body[name] for name in ("url", "is_active", "send_payload") if body.get(name) is not None
        }
        if "actions" in body or "send_for_all_actions" in body:
            changes["events"] = _read_events(body)
        if isinstance(body.get("headers"), dict):
            changes["headers"] = _read_headers(body)
        found = selectors.get_webhook(self.project, webhook_pk)
        return Response(describe(webhooks.change_webhook(webhook=found, actor=request.user, changes=changes)))

    def delete(self, request, webhook_pk):
        webhooks.delete_webhook(webhook=selectors.get_webhook(self.project, webhook_pk), actor=request.user)
        return Response(status=204)


class WebhookInfoView(DoorView):
    def get(self, request):
        return Response({name: {"name": name, "description": said} for name, said in EVENTS.items()})


def describe(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.pk,
        "organization": 1,
        "project": webhook.project_id,
        "url": webhook.url,
        "send_payload": webhook.send_payload,
        "send_for_all_actions": not webhook.events,
        "headers": {},  # they may hold a password: nobody reads them back
        "is_active": webhook.is_active,
        "actions": webhook.events or list(EVENTS),
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
        "consecutive_failures": webhook.failures,
    }


def _read_events(body: dict[str, Any]) -> list[str]:
    """Label Studio names more actions than happen here: those are left out, and none of ours means none is sent."""
    if body.get("send_for_all_actions", not body.get("actions")) is True:
        return []
    return [str(event) for event in body.get("actions") or [] if event in EVENTS] or ["PING"]


def _read_headers(body: dict[str, Any]) -> dict[str, str]:
    headers = body.get("headers")
    return {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
