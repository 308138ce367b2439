"""A person's own pages, the site admin's pages, invitations of a project."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from lifecycle.accounts.models import ApiToken, User
from lifecycle.accounts.services import tokens
from lifecycle.projects.models import AuditEvent, Invitation
from lifecycle.projects.services import record_event
from tests.factories import PASSWORD, UserFactory

STRONG = "a sentence nobody knows"


@pytest.fixture
def ann(db, client):
    user = UserFactory(username="ann")
    client.force_login(user)
    return user


@pytest.fixture
def admin(db, client):
    user = UserFactory(username="root", is_superuser=True)
    client.force_login(user)
    return user


def text_of(response) -> str:
    return response.content.decode()


def secret_in(response) -> str:
    return re.search(r'id="new-secret"|value="([^"]+)" readonly', text_of(response))[1]


def test_a_profile_is_saved(ann, client):
    client.post("/account", {"first_name": "Ann", "email": "new@example.org", "theme": "dark"})

    ann.refresh_from_db()
    assert (ann.first_name, ann.email, ann.theme) == ("Ann", "new@example.org", "dark")
    assert AuditEvent.objects.get().verb == "person.email_changed"


def test_a_taken_mail_address_is_an_error_of_its_field(ann, client):
    UserFactory(username="bob")

    answer = client.post("/account", {"email": "BOB@example.org", "theme": "auto"})

    assert "is-invalid" in text_of(answer)
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"


def test_the_theme_is_stored_for_the_person(ann, client):
    assert client.post("/account/theme", {"theme": "dark"}, headers={"Accept": "application/json"}).status_code == 204
    assert client.post("/account/theme", {"theme": "light", "next": "/account"})["Location"] == "/account"
    assert client.post("/account/theme", {"theme": "pink"}).status_code == 400
    ann.refresh_from_db()
    assert ann.theme == "light"


def test_a_token_is_shown_once_and_works(ann, client):
    answer = client.post("/account/tokens", {"name": "nightly", "scope": "read", "days": "30"})
    secret = secret_in(answer)

    token = tokens.authenticate(secret)
    assert (token.user, token.name, token.scope) == (ann, "nightly", "read")
    assert secret not in text_of(client.get("/account/tokens"))
    assert "nightly" in text_of(client.get("/account/tokens"))


def test_a_token_without_end_can_be_made(ann, client):
    client.post("/account/tokens", {"name": "forever", "scope": "write", "days": ""})

    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize("values", [{"name": ""}, {"scope": "all"}, {"days": "-3"}, {"name": "a\x00b"}])
def test_a_token_form_that_makes_no_sense_is_shown_again(ann, client, values):
    answer = client.post("/account/tokens", {"name": "x", "scope": "read", "days": "7"} | values)

    assert answer.status_code == 200
    assert not ApiToken.objects.exists()


def test_a_person_revokes_own_tokens_only(ann, client):
    mine, _ = tokens.issue(user=ann, name="mine")
    other, _ = tokens.issue(user=UserFactory(), name="other")

    assert client.post(f"/account/tokens/{mine.pk}/revoke").status_code == 302
    assert client.post(f"/account/tokens/{other.pk}/revoke").status_code == 404
    assert list(ApiToken.objects.filter(revoked_at=None)) == [other]


def test_the_token_list_takes_few_queries(ann, client, django_assert_max_num_queries):
    for number in range(20):
        tokens.issue(user=ann, name=str(number))

    with django_assert_max_num_queries(6):
        client.get("/account/tokens")


def test_people_are_listed_filtered_and_sorted_by_url(admin, client, django_assert_max_num_queries):
    for number in range(30):
        UserFactory(username=f"person{number:02}", is_active=number > 0)

    with django_assert_max_num_queries(8):
        page = text_of(client.get("/admin/users"))
    assert "person29" in page
    assert "person07" not in text_of(client.get("/admin/users?search=PERSON1"))
    assert "person00" in text_of(client.get("/admin/users?state=inactive"))
    assert "person01" not in text_of(client.get("/admin/users?state=inactive"))
    assert client.get("/admin/users?order=nonsense&page=xyz&state=zzz").status_code == 200
    assert client.get("/admin/users?search=%00").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_nul_byte_in_a_filter_is_a_bad_request_and_not_a_crash():
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(is_superuser=True))

    assert client.get("/admin/users?search=%00").status_code == 400
    assert client.get("/admin/audit?actor=%00").status_code == 400


def test_an_admin_deactivates_and_activates(admin, client):
    bob = UserFactory(username="bob")

    client.post(f"/admin/users/{bob.pk}/active", {"is_active": "false"})
    bob.refresh_from_db()
    assert not bob.is_active
    client.post(f"/admin/users/{bob.pk}/active", {"is_active": "true"})
    bob.refresh_from_db()
    assert bob.is_active
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["person.deactivated", "person.activated"]


def test_an_admin_cannot_lock_everyone_out(admin, client):
    client.post(f"/admin/users/{admin.pk}/active", {"is_active": "false"})
    page = client.post(f"/admin/users/{admin.pk}/admin", {"is_admin": "false"}, follow=True)

    admin.refresh_from_db()
    assert admin.is_active
    assert admin.is_superuser
    assert "only site admin" in text_of(page)


def test_an_admin_makes_another_admin(admin, client):
    bob = UserFactory(username="bob")

    client.post(f"/admin/users/{bob.pk}/admin", {"is_admin": "true"})

    bob.refresh_from_db()
    assert bob.is_superuser


def test_the_password_link_of_an_admin_works_once_without_mail(admin, client):
    bob = UserFactory(username="bob")

    link = secret_in(client.post(f"/admin/users/{bob.pk}/reset-link"))
    guest = Client()
    path = "/" + link.split("/", 3)[3]

    assert guest.post(path, {"new": STRONG, "repeated": STRONG}).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password(STRONG)
    assert guest.get(path).status_code == 404


def test_an_invitation_to_the_site_is_shown_once_and_withdrawn(admin, client):
    link = secret_in(client.post("/admin/invitations", {"email": "new@example.org", "days": "7"}))
    path = "/" + link.split("/", 3)[3]

    assert Client().get(path).status_code == 200
    page = text_of(client.get("/admin/users"))
    assert "new@example.org" in page
    assert link not in page
    client.post(f"/admin/invitations/{Invitation.objects.get().pk}/revoke")
    assert Client().get(path).status_code == 404


def test_an_owner_invites_into_the_project_and_withdraws(project, owner, client):
    client.force_login(owner)
    url = f"/projects/{project.slug}/invitations"

    link = secret_in(client.post(url, {"role": "reviewer", "days": "1"}))
    path = "/" + link.split("/", 3)[3]

    assert "reviewer" in text_of(Client().get(path))
    client.post(f"{url}/{Invitation.objects.get().pk}/revoke")
    assert Client().get(path).status_code == 404


def test_an_engineer_cannot_invite(project, member, client):
    client.force_login(member("engineer"))

    assert client.post(f"/projects/{project.slug}/invitations", {"role": "owner", "days": "1"}).status_code == 403
    assert not Invitation.objects.exists()


def test_the_trail_is_filtered_and_paged_by_url(admin, project, owner, client, django_assert_max_num_queries):
    for number in range(120):
        record_event(project=project, actor=owner, verb="run.started", summary=f"event {number}")
    record_event(project=None, actor=admin, verb="person.created", summary="made bob")

    with django_assert_max_num_queries(8):
        newest = text_of(client.get("/admin/audit"))
    older = re.search(r'href="\?before=(\d+)"', newest)[1]

    assert "made bob" in newest
    assert "event 119" in newest
    assert "event 3<" not in newest
    assert "event 3<" in text_of(client.get(f"/admin/audit?before={older}"))
    assert "event" not in text_of(client.get("/admin/audit?verb=person.")).split("<tbody>")[1]
    assert "made bob" not in text_of(client.get(f"/admin/audit?project={project.slug}"))
    assert "event 77" in text_of(client.get("/admin/audit?actor=owner&search=event 77"))
    assert client.get("/admin/audit?before=x").status_code == 200
    assert client.get(f"/admin/audit?before={'9' * 30}").status_code == 200


def test_admin_pages_do_not_exist_for_others(ann, client):
    for path in ("/admin/users", "/admin/audit"):
        assert client.get(path).status_code == 404
    assert client.post(f"/admin/users/{ann.pk}/admin", {"is_admin": "true"}).status_code == 404
    assert not User.objects.filter(is_superuser=True).exists()


def test_what_people_type_is_escaped(admin, client):
    UserFactory(username="bob", email="", first_name="<script>alert(1)</script>")
    record_event(project=None, actor=admin, verb="x", summary="<img src=x onerror=alert(1)>")

    assert "<script>alert" not in text_of(client.get("/admin/users"))
    assert "<img src=x" not in text_of(client.get("/admin/audit"))


def test_old_passwords_in_the_test_factory_are_strong_enough():
    from django.contrib.auth.password_validation import validate_password

    assert validate_password(PASSWORD) is None
