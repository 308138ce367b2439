"""A delivery whose wake-up was lost between commit and enqueue is found by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.annotations.models import WebhookDelivery
from lifecycle.annotations.services.webhook_sweep import wake_deliveries
from lifecycle.annotations.services.webhooks import create_webhook, ping
from lifecycle.jobs.models import Job
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_forgotten_delivery_gets_a_job_once():
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner)
    webhook, _ = create_webhook(project=project, actor=owner, url="https://example.org/hook")
    delivery = ping(webhook=webhook)  # the transaction of the test never commits: as if the process had died after it
    assert wake_deliveries() == 0  # it is on its way, as far as anybody can tell

    WebhookDelivery.objects.filter(pk=delivery.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    woken = wake_deliveries()
    again = wake_deliveries()

    assert (woken, again) == (1, 0)
    assert Job.objects.filter(kind="webhook", subject_id=webhook.pk).count() == 1
