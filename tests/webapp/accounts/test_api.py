"""REST of people, tokens, invitations and the audit trail."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from lifecycle.accounts.models import ApiToken
from lifecycle.accounts.services import tokens
from lifecycle.projects.models import Invitation
from lifecycle.projects.services import record_event
from tests.factories import UserFactory

STRONG = "a sentence nobody knows"


def client_of(user, **options) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user=user, name='t', **options)[1]}")
    client.default_format = "json"
    return client


def send(client, method: str, path: str, **body):
    return getattr(client, method)(f"/api/v1/{path}", body, format="json")


@pytest.fixture
def admin(db):
    return UserFactory(username="root", is_superuser=True)


def test_me_tells_who_i_am_and_my_roles(project, member):
    body = client_of(member("reviewer")).get("/api/v1/me/").json()

    assert body["projects"] == {project.slug: "reviewer"}
    assert body["is_admin"] is False


def test_me_can_be_changed(owner):
    answer = send(client_of(owner), "patch", "me/", theme="dark", first_name="O")

    assert answer.json()["theme"] == "dark"
    assert send(client_of(owner), "patch", "me/", theme="pink").status_code == 400
    assert send(client_of(owner), "patch", "me/", is_superuser=True).json()["is_admin"] is False


def test_a_token_is_issued_listed_and_revoked(owner):
    client = client_of(owner)

    issued = send(client, "post", "tokens/", name="nightly", scope="read", days=3)
    listed = client.get("/api/v1/tokens/").json()
    revoked = client.delete(f"/api/v1/tokens/{issued.json()['id']}/")

    assert issued.status_code == 201
    assert tokens.authenticate(issued.json()["secret"]) is None
    assert [row["name"] for row in listed["results"]] == ["nightly", "t"]
    assert "secret" not in listed["results"][0]
    assert revoked.status_code == 204
    assert client.delete(f"/api/v1/tokens/{issued.json()['id']}/").status_code == 409


def test_a_token_of_another_person_does_not_exist(owner, stranger):
    other, _ = tokens.issue(user=stranger, name="other")

    assert client_of(owner).get(f"/api/v1/tokens/{other.pk}/").status_code == 404
    assert client_of(owner).delete(f"/api/v1/tokens/{other.pk}/").status_code == 404
    assert ApiToken.objects.get(pk=other.pk).revoked_at is None


def test_a_token_made_with_a_short_token_is_short(owner):
    answer = send(client_of(owner, days=1), "post", "tokens/", name="long")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "days"


def test_an_admin_makes_and_changes_people(admin):
    client = client_of(admin)

    made = send(client, "post", "users/", username="bob", password=STRONG)
    user_id = made.json()["id"]
    changed = send(client, "patch", f"users/{user_id}/", is_active=False, is_admin=True)

    assert made.status_code == 201
    assert made.json()["must_change_password"] is True
    assert "password" not in made.json()
    assert (changed.json()["is_active"], changed.json()["is_admin"]) == (False, True)
    assert client.get("/api/v1/users/", {"state": "inactive"}).json()["count"] == 1
    assert client.get("/api/v1/users/", {"state": "nonsense"}).status_code == 400


def test_the_last_admin_stays(admin):
    assert send(client_of(admin), "patch", f"users/{admin.pk}/", is_admin=False).status_code == 409


@pytest.mark.parametrize(
    ("values", "field"),
    [({"username": "root"}, "username"), ({"password": "short"}, "password"), ({"email": "x"}, "email")],
)
def test_a_person_is_refused_by_field(admin, values, field):
    answer = send(client_of(admin), "post", "users/", **({"username": "bob", "password": STRONG} | values))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_a_reset_link_comes_by_rest(admin, stranger):
    link = send(client_of(admin), "post", f"users/{stranger.pk}/reset-link/").json()["link"]

    assert Client().get(link.replace("http://testserver", "")).status_code == 200


def test_invitations_to_the_site(admin):
    client = client_of(admin)

    sent = send(client, "post", "invitations/", email="new@example.org", days=2)

    assert Client().get(sent.json()["link"].replace("http://testserver", "")).status_code == 200
    assert [row["email"] for row in client.get("/api/v1/invitations/").json()["results"]] == ["new@example.org"]
    assert client.delete(f"/api/v1/invitations/{sent.json()['id']}/").status_code == 204
    assert client.get("/api/v1/invitations/").json()["count"] == 0


def test_invitations_into_a_project(project, owner, member):
    url = f"projects/{project.slug}/invitations/"

    sent = send(client_of(owner), "post", url, role="annotator")

    assert sent.status_code == 201
    assert sent.json()["role"] == "annotator"
    assert send(client_of(member("engineer")), "post", url, role="annotator").status_code == 403
    assert send(client_of(owner), "post", url, role="king").status_code == 400
    assert client_of(owner).delete(f"/api/v1/{url}{sent.json()['id']}/").status_code == 204
    assert Invitation.objects.get().revoked_at is not None


def test_the_trail_is_for_admins_and_filtered(admin, owner, project):
    record_event(project=project, actor=owner, verb="run.started", summary="one")
    record_event(project=None, actor=admin, verb="person.created", summary="two")
    client = client_of(admin)

    assert [row["summary"] for row in client.get("/api/v1/audit/").json()["results"]] == ["two", "one"]
    assert client.get("/api/v1/audit/", {"project": project.slug}).json()["results"][0]["actor"] == "owner"
    assert client_of(owner).get("/api/v1/audit/").status_code == 404


def test_the_reference_page_lists_every_call(client, db):
    page = client.get("/api/").content.decode()

    assert "/api/v1/tokens/" in page
    assert "create_tokens" in page


def test_an_unknown_place_below_the_api_is_a_problem(client, db):
    answer = client.get("/api/v1/nothing/")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
