"""Events on labels reach an address that asked for them: signed, in order, again when it fails, and never inside."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from lifecycle.annotations.models import Webhook, WebhookDelivery
from lifecycle.annotations.services import webhooks as services
from lifecycle.contracts import webhooks as contract
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project
from tests.webapp.protocols.conftest import choose


class Receiver:
    """A program that listens; `statuses` are its next answers."""

    def __init__(self):
        self.statuses: list[int] = []
        self.requests: list[tuple[dict, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.end_headers()
                self.wfile.write(b"heard")

            def log_message(self, *arguments):
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    listening = Receiver()
    yield listening
    listening.server.shutdown()
    listening.server.server_close()


@pytest.fixture
def hook(text_project, engineer, receiver):
    project = Project.objects.get(pk=text_project.id)
    return services.create_webhook(project=project, actor=engineer, url=receiver.url, headers={"X-Pass": "word"})


def test_an_answer_is_told_with_a_signature_that_holds(client, text_project, hook, receiver, run_jobs):
    task = client.tasks.create(project=text_project.id, data={"text": "one"})
    made = client.annotations.create(task.id, result=choose("good"))
    client.annotations.update(made.id, result=choose("bad"))
    client.annotations.delete(made.id)
    run_jobs()

    bodies = [json.loads(body) for _, body in receiver.requests]
    assert [body["action"] for body in bodies] == [
        "TASKS_CREATED", "ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED",
    ]  # fmt: skip
    assert bodies[1]["annotation"]["result"] == choose("good")
    assert (bodies[1]["annotation"]["id"], bodies[2]["annotation"]["id"]) == (made.id, made.id)
    assert bodies[1]["task"]["data"] == {"text": "one"}
    for headers, body in receiver.requests:
        expected = contract.sign(hook[1], int(headers[contract.TIMESTAMP_HEADER]), body)
        assert headers[contract.SIGNATURE_HEADER] == expected
        assert headers["X-Pass"] == "word"
    assert set(WebhookDelivery.objects.values_list("state", "status")) == {("delivered", 200)}


def test_a_receiver_that_fails_is_asked_again_later_with_the_same_key(hook, receiver, run_jobs):
    receiver.statuses = [500]
    services.ping(webhook=hook[0])
    services.start_delivery(hook[0].pk)
    [job] = run_jobs()

    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status, delivery.said) == ("waiting", 1, 500, "heard")
    assert job.state == Job.State.QUEUED and job.not_before > timezone.now()

    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.update(not_before=past)
    Job.objects.update(not_before=past)
    run_jobs()

    assert WebhookDelivery.objects.get().state == "delivered"
    assert len({headers[contract.DELIVERY_HEADER] for headers, _ in receiver.requests}) == 1


def test_what_fails_too_often_is_given_up_and_a_dead_webhook_is_switched_off(hook):
    webhook = hook[0]
    for _ in range(services.GIVE_UP_AFTER):
        delivery = services.ping(webhook=webhook)
        for _ in range(contract.MAX_ATTEMPTS):
            services.record_attempt(delivery_id=delivery.pk, status=None, said="no answer")

    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"failed"}
    assert not Webhook.objects.get().is_active


def test_private_addresses_are_refused_unless_allowed(hook, receiver, run_jobs, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = ""
    services.ping(webhook=hook[0])
    services.start_delivery(hook[0].pk)
    run_jobs()

    assert receiver.requests == []
    assert "private address" in WebhookDelivery.objects.get().said


def test_a_webhook_hears_only_what_it_asked_for(client, text_project, hook, engineer, run_jobs):
    services.change_webhook(webhook=hook[0], actor=engineer, changes={"events": ["ANNOTATION_CREATED"]})
    task = client.tasks.create(project=text_project.id, data={"text": "one"})
    client.annotations.create(task.id, result=choose("good"))

    assert list(WebhookDelivery.objects.values_list("event", flat=True)) == ["ANNOTATION_CREATED"]


def test_the_sdk_manages_webhooks(client, text_project):
    made = client.webhooks.create(project=text_project.id, url="https://example.org/x", actions=["ANNOTATION_CREATED"])
    client.webhooks.update(made.id, url="https://example.org/y", is_active=False)

    [found] = client.webhooks.list(project=text_project.id)
    assert (found.url, found.is_active, found.actions) == ("https://example.org/y", False, ["ANNOTATION_CREATED"])

    client.webhooks.delete(made.id)

    assert client.webhooks.list(project=text_project.id) == []


def test_the_page_shows_the_signing_key_once_and_the_log(client, text_project, engineer, client_page, run_jobs):
    slug = Project.objects.get(pk=text_project.id).slug
    page = f"/projects/{slug}/label/webhooks"
    answer = client_page.post(page, {"url": "https://example.invalid/x", "events": ["ANNOTATION_CREATED"]})
    webhook = Webhook.objects.get()

    assert "whsec_" in answer.content.decode()
    assert "whsec_" not in client_page.get(page).content.decode()
    assert "whsec_" not in webhook.secrets

    client_page.post(f"{page}/{webhook.pk}/test")
    services.start_delivery(webhook.pk)
    run_jobs()
    WebhookDelivery.objects.update(state="failed")

    shown = client_page.get(f"{page}/{webhook.pk}").content.decode()
    assert "PING" in shown and "given up" in shown

    client_page.post(f"{page}/{webhook.pk}/deliveries/{WebhookDelivery.objects.get().pk}/resend")

    assert WebhookDelivery.objects.get().state == "waiting"
    assert (
        "https://example.invalid/y"
        in client_page.post(
            f"{page}/{webhook.pk}", {"url": "https://example.invalid/y", "is_active": "on"}, follow=True
        ).content.decode()
    )

    client_page.post(f"{page}/{webhook.pk}/delete")

    assert not Webhook.objects.exists()


@pytest.fixture
def client_page(engineer):
    from django.test import Client

    browser = Client()
    browser.force_login(engineer)
    return browser


@pytest.mark.parametrize(
    "url", ["ftp://x.org", "https://", "https://user:pass@x.org/", "javascript:alert(1)", "https://x y"]
)
def test_addresses_that_are_none_are_refused(text_project, engineer, url):
    from lifecycle.common.errors import DomainError

    with pytest.raises(DomainError):
        services.create_webhook(project=Project.objects.get(pk=text_project.id), actor=engineer, url=url)
