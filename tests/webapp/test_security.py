"""Headers, cookies and settings that keep a site safe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client, RequestFactory

from tests.factories import PASSWORD, UserFactory
from webapp.middleware import POLICY
from webapp.requests import client_address, wants_problem

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", ["/login", "/healthz", "/api/v1/me/", "/nothing", "/account"])
def test_every_answer_carries_the_headers(db, client, path):
    answer = client.get(path)

    assert answer["Content-Security-Policy"] == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_the_policy_allows_no_inline_script_and_no_other_host():
    rules = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))

    assert rules["script-src"] == "'self'"
    assert rules["default-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert rules["form-action"] == "'self'"
    assert "http" not in POLICY
    assert "unsafe-eval" not in POLICY


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(db, client):
    client.post("/login", {"name": UserFactory().username, "password": PASSWORD})

    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"


def test_pages_of_a_person_are_not_kept_by_shared_caches(db, client):
    client.force_login(UserFactory())

    assert "private" in client.get("/account")["Cache-Control"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_has_no_inline_script_and_loads_nothing_from_elsewhere(path):
    text = path.read_text()

    inline = [
        tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag and "application/json" not in tag
    ]
    assert not inline
    assert not re.findall(r"<[^>]*\son(?:click|change|submit|load|error|input|key\w+)\s*=", text)
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+\.(?:js|css|woff2?|png|svg)""", text)
    assert "javascript:" not in text


def test_every_post_form_carries_the_csrf_token():
    wrong = []
    for path in TEMPLATES:
        for form in re.findall(r"<form\b[^>]*>.*?</form>", path.read_text(), flags=re.S):
            if re.search(r'method="post"', form, flags=re.I) and "csrf_token" not in form:
                wrong.append(f"{path.name}: {form[:80]}")

    assert not wrong


def test_the_deployment_check_is_clean(tmp_path):
    environ = os.environ | {
        "GRISTMILL_SECURE": "true",
        "GRISTMILL_HOME": str(tmp_path),
        "GRISTMILL_SECRET_KEY": "",
        "GRISTMILL_ALLOWED_HOSTS": "gristmill.example.org",
        "GRISTMILL_URL": "https://gristmill.example.org",
    }
    environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # the browser tests set it for this process
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=110)

    assert done.returncode == 0, done.stderr


def test_https_is_required_and_remembered(db, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    client = Client()

    assert client.get("/login")["Location"] == "https://testserver/login"
    assert "max-age=31536000" in client.get("/login", secure=True)["Strict-Transport-Security"]
    assert client.get("/healthz").status_code in (200, 503)


@pytest.mark.parametrize(
    ("secure", "forwarded", "expected"),
    [
        (False, "6.6.6.6", "10.0.0.9"),
        (True, "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        (True, "", "10.0.0.9"),
    ],
)
def test_the_address_of_a_client_is_believed_from_the_proxy_only(settings, secure, forwarded, expected):
    import dataclasses

    settings.ENV = dataclasses.replace(settings.ENV, secure=secure)
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.0.0.9")

    assert client_address(request) == expected


@pytest.mark.parametrize(
    ("path", "accept", "expected"),
    [
        ("/api/v1/x", "text/html", True),
        ("/x", "application/json", True),
        ("/x", "text/html,application/json", False),
        ("/x", "*/*", False),
    ],
)
def test_programs_get_problems_and_people_get_pages(path, accept, expected):
    assert wants_problem(RequestFactory().get(path, headers={"Accept": accept})) is expected


def test_health_tells_the_state_of_each_part(db, client, monkeypatch):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["parts"]) == (200, {"postgres": "ok", "redis": "ok", "blobs": "ok"})

    def fail():
        raise OSError("disk is gone at /secret/path")

    monkeypatch.setitem(__import__("webapp.health", fromlist=["CHECKS"]).CHECKS, "blobs", fail)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["blobs"] == "down: OSError"
    assert "secret" not in answer.content.decode()


def test_requests_are_counted_by_view_and_say_how_long_they_took(db, client):
    answer = client.get("/healthz")

    assert re.fullmatch(r"app;dur=\d+\.\d", answer.headers["Server-Timing"])
    assert 'gristmill_http_request_seconds_count{method="GET",status="200",view="healthz"}' in (
        client.get("/metrics").content.decode()
    )
