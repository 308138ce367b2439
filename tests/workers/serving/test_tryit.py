"""The try-it page in front of the real inference server."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from lifecycle.deployments.models import Feedback, Prediction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(serving, settings, client, tabular, deployment):
    settings.SERVING_URL = serving.url
    client.force_login(tabular.created_by)
    return reverse("deployments:try", args=[tabular.slug, deployment.slug])


def test_a_row_typed_into_the_form_is_answered_and_can_be_judged(page, client, serving, tabular, deployment):
    form = client.get(page).content.decode()

    answer = client.post(page, {"x.x0": "1", "x.x1": "", "x.x2": "0.5", "x.x3": "2"}, headers={"X-Part": "result"})

    text = answer.content.decode()
    assert 'name="x.x3"' in form
    assert "probability-bar" in text and "cells v1" in text
    request_id = uuid.UUID(text.partition('name="request_id" value="')[2][:36])
    client.post(
        reverse("deployments:feedback", args=[tabular.slug, deployment.slug]),
        {"request_id": str(request_id), "truth": "dog"},
    )
    serving.wait_for_log(deployment, 1)
    assert Prediction.objects.get(deployment=deployment).request_id == request_id
    assert Feedback.objects.get().truth == "dog"


def test_what_the_server_refuses_is_said_in_its_words(page, client):
    answer = client.post(page, {"x.x0": "big", "x.x1": "1", "x.x2": "1", "x.x3": "1"})

    assert "The column x0 must be a number" in answer.content.decode()
