"""The real SDK on the site's WSGI application: everything but the socket, in the transaction of the test."""

from __future__ import annotations

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from label_studio_sdk import LabelStudio

from lifecycle.accounts.services import tokens
from lifecycle.annotations.services import label_imports
from lifecycle.jobs import waiting
from tests import factories

TEXT_CONFIG = (
    '<View><Text name="words" value="$text"/>'
    '<Choices name="mood" toName="words"><Choice value="good"/><Choice value="bad"/><Choice value="שמח 🙂"/></Choices>'
    '<TextArea name="why" toName="words"/></View>'
)


BASE = "http://localhost"


class CommittingTransport(httpx.WSGITransport):
    """Requests to the application in this thread; what waits for a commit happens at the end of each."""

    def __init__(self, capture):
        super().__init__(app=get_wsgi_application())
        self._capture = capture

    def handle_request(self, request):
        for signal in (request_started, request_finished):  # as Django's own test client does
            signal.disconnect(close_old_connections)
        try:
            with self._capture(execute=True):
                response = super().handle_request(request)
                response.read()
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)
        return response


@pytest.fixture
def connect(db, django_capture_on_commit_callbacks):
    """connect(user) is an SDK client that carries a token of this user."""

    def make(user, scope: str = "write") -> LabelStudio:
        _, secret = tokens.issue(user=user, name="sdk", scope=scope)
        transport = CommittingTransport(django_capture_on_commit_callbacks)
        http = httpx.Client(transport=transport, follow_redirects=True, timeout=60)
        return LabelStudio(base_url=f"{BASE}/label-studio", api_key=secret, httpx_client=http, max_retries=0)

    return make


@pytest.fixture
def worked(monkeypatch, run_jobs):
    """A worker does what is queued whenever a request that waits looks."""
    monkeypatch.setattr(label_imports, "WAIT_SECONDS", 30)
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: run_jobs())


@pytest.fixture
def engineer(db):
    return factories.UserFactory(username="engineer", email="engineer@example.org")


@pytest.fixture
def client(connect, engineer) -> LabelStudio:
    return connect(engineer)


@pytest.fixture
def text_project(client):
    return client.projects.create(title="Moods", label_config=TEXT_CONFIG)


def choose(mood: str, **extra):
    """A result as Label Studio's own page writes one."""
    region = {"id": "a1", "from_name": "mood", "to_name": "words", "type": "choices", "origin": "manual"}
    return [{**region, "value": {"choices": [mood]}, **extra}]
