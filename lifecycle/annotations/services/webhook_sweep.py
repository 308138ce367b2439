"""Finds deliveries that wait though no job is on its way to them: their wake-up was lost after the commit."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from lifecycle.annotations.models import WebhookDelivery
from lifecycle.annotations.services.webhooks import start_delivery
from lifecycle.jobs.models import Job

OPEN = (Job.State.QUEUED, Job.State.RUNNING)
PATIENCE = timedelta(seconds=30)  # how long the job that was asked for with the change may take to appear
AT_ONCE = 200


def wake_deliveries() -> int:
    """Ask for a job for every webhook with something due that none is working on; returns how many were asked for."""
    now = timezone.now()
    due = Q(not_before=None, created_at__lt=now - PATIENCE) | Q(not_before__lt=now - PATIENCE)
    waiting = WebhookDelivery.objects.filter(due, state=WebhookDelivery.State.WAITING)
    wanted = set(waiting.values_list("webhook", flat=True).distinct()[:AT_ONCE])
    at_work = Job.objects.filter(subject_type="webhook", subject_id__in=wanted, state__in=OPEN)
    forgotten = sorted(wanted - set(at_work.values_list("subject_id", flat=True)))
    for webhook_id in forgotten:
        start_delivery(webhook_id)
    return len(forgotten)
