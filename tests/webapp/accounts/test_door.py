"""Login, logout, a forgotten password, an invitation: the ways in and out, as people click them."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from lifecycle.accounts.models import User
from lifecycle.accounts.services import users
from lifecycle.projects import invitations
from lifecycle.projects.models import AuditEvent
from tests.factories import PASSWORD, UserFactory

STRONG = "a sentence nobody knows"
LOGIN = "/login"


@pytest.fixture(autouse=True)
def clean_cache():
    cache.clear()


@pytest.fixture
def ann(db):
    return UserFactory(username="ann")


def log_in(client, password=PASSWORD, **more):
    return client.post(LOGIN, {"name": "ann", "password": password} | more)


def text_of(response) -> str:
    return response.content.decode()


def test_a_login_opens_the_projects_and_leaves_a_trail(ann, client):
    answer = log_in(client)

    assert (answer.status_code, answer["Location"]) == (302, reverse("projects:list"))
    assert client.get("/account").status_code == 200
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.details) == ("person.logged_in", ann, {"address": "127.0.0.1"})


def test_a_failed_login_says_so_and_leaves_a_trail_without_what_was_typed(ann, client):
    answer = client.post(LOGIN, {"name": "my-secret-in-the-wrong-field", "password": "x"})

    assert answer.status_code == 400
    assert "is not right" in text_of(answer)
    event = AuditEvent.objects.get()
    assert event.verb == "person.login_failed"
    assert "secret" not in event.summary


def test_the_answer_is_the_same_for_a_known_and_an_unknown_name(ann, client):
    answers = [client.post(LOGIN, {"name": name, "password": "x"}) for name in ("ann", "bob")]

    texts = [re.sub(r'value="(ann|bob)"|csrf[\w-]*" (value|content)="\w+"', "", text_of(answer)) for answer in answers]
    assert texts[0] == texts[1]


def test_the_sixth_try_gets_429(ann, client):
    for _ in range(5):
        log_in(client, "wrong")

    answer = log_in(client)

    assert answer.status_code == 429
    assert "Try again in" in text_of(answer)


def test_the_session_key_changes_at_login(ann, client):
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted

    log_in(client)

    assert client.cookies["sessionid"].value != planted
    assert not Session.objects.filter(session_key=planted).exists()


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil.example", ""],
)
def test_next_never_leads_to_another_site(ann, client, target):
    assert log_in(client, next=target)["Location"] == reverse("projects:list")


def test_next_leads_where_the_person_wanted_to_go(ann, client):
    asked = client.get("/account/tokens")
    page = client.get(asked["Location"])

    assert 'name="next" value="/account/tokens"' in text_of(page)
    assert log_in(client, next="/account/tokens")["Location"] == "/account/tokens"


def test_a_login_form_without_the_csrf_token_is_refused(ann):
    answer = log_in(Client(enforce_csrf_checks=True))

    assert answer.status_code == 403


def test_logging_out_is_a_post_and_ends_the_session(ann, client):
    log_in(client)

    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == LOGIN
    assert client.get("/account").status_code == 302
    assert AuditEvent.objects.filter(verb="person.logged_out").exists()


def test_a_deactivated_person_is_out_at_once(ann, client):
    log_in(client)
    users.set_active(user=ann, is_active=False)

    assert client.get("/account").status_code == 302


def test_a_generated_password_leads_to_choosing_another(ann, client):
    User.objects.update(must_change_password=True)
    log_in(client)

    for path in ("/account", "/account/tokens", "/"):
        assert client.get(path)["Location"] == "/account/password"
    answer = client.post("/account/password", {"current": PASSWORD, "new": STRONG, "repeated": STRONG})
    assert answer.status_code == 302
    assert client.get("/account").status_code == 200


def test_a_changed_password_ends_the_other_sessions(ann, client):
    other = Client()
    log_in(client)
    log_in(other)

    client.post("/account/password", {"current": PASSWORD, "new": STRONG, "repeated": STRONG})

    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"current": "wrong"}, "current password is not right"),
        ({"repeated": "another sentence"}, "The two passwords differ"),
        ({"new": "short", "repeated": "short"}, "too short"),
    ],
)
def test_a_password_change_says_what_is_wrong(ann, client, values, sentence):
    client.force_login(ann)

    answer = client.post("/account/password", {"current": PASSWORD, "new": STRONG, "repeated": STRONG} | values)

    assert sentence in text_of(answer)


def test_logging_out_everywhere_else_keeps_this_session(ann, client):
    other = Client()
    log_in(client)
    log_in(other)

    client.post("/account/sessions/end")

    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302


def test_a_reset_mail_brings_a_link_that_works_once(ann, client, run_jobs, mailoutbox):
    client.post("/password-reset", {"email": ann.email})
    run_jobs()
    link = re.search(r"http\S+(/password-reset/\S+)", mailoutbox[0].body)[1]

    assert mailoutbox[0].to == [ann.email]
    assert "ann" in text_of(client.get(link))
    assert client.post(link, {"new": STRONG, "repeated": STRONG})["Location"] == LOGIN
    assert client.get(link).status_code == 404
    assert log_in(client, STRONG).status_code == 302


def test_the_answer_to_a_reset_does_not_tell_who_has_an_account(ann, client, run_jobs, mailoutbox):
    answers = [client.post("/password-reset", {"email": email}) for email in (ann.email, "nobody@example.org")]
    run_jobs()

    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/password-reset/sent")}
    assert len(mailoutbox) == 1


def test_nobody_can_be_flooded_with_reset_mails(ann, client):
    answers = [client.post("/password-reset", {"email": ann.email}).status_code for _ in range(8)]

    assert answers[:5] == [302] * 5
    assert 429 in answers


@pytest.mark.parametrize("path", ["/password-reset/MQ/abc-def", "/invitations/gm_nothing"])
def test_a_dead_link_says_so(db, client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert "no longer works" in text_of(answer)


def test_an_invited_stranger_signs_up_and_lands_in_the_project(project, owner, client):
    _, secret = invitations.create(invited_by=owner, project=project, role="annotator", email="new@example.org")
    link = f"/invitations/{secret}"

    page = client.get(link)
    answer = client.post(link, {"username": "new", "email": "new@example.org", "new": STRONG, "repeated": STRONG})

    assert project.name in text_of(page)
    assert 'value="new@example.org"' in text_of(page)
    assert answer["Location"] == f"/projects/{project.slug}/"
    assert project.memberships.get(user__username="new").role == "annotator"
    assert client.get("/account").status_code == 200


def test_an_invited_person_with_an_account_joins_with_one_click(project, owner, client, stranger):
    _, secret = invitations.create(invited_by=owner, project=project, role="viewer")
    client.force_login(stranger)

    assert "Join as stranger" in text_of(client.get(f"/invitations/{secret}"))
    assert client.post(f"/invitations/{secret}")["Location"] == f"/projects/{project.slug}/"
    assert project.memberships.filter(user=stranger).exists()


def test_a_sign_up_says_what_is_wrong_at_the_field(project, owner, client):
    _, secret = invitations.create(invited_by=owner, project=project, role="viewer")

    answer = client.post(f"/invitations/{secret}", {"username": "owner", "new": "short", "repeated": "short"})

    assert "is-invalid" in text_of(answer)
    assert User.objects.count() == 1


@pytest.mark.parametrize("path", ["/login", "/password-reset", "/account/tokens", "/account/password"])
def test_pages_around_secrets_are_not_kept_by_caches(ann, client, path):
    if path.startswith("/account"):
        client.force_login(ann)

    assert "no-store" in client.get(path)["Cache-Control"]
