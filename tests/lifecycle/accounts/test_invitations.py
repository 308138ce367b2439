"""Invitations by link: single use, expiring, revocable, worth no more than the person who sent them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.projects import invitations
from lifecycle.projects.models import AuditEvent, Invitation, Membership
from tests.factories import ProjectFactory, UserFactory

STRONG = "a sentence nobody knows"


@pytest.fixture
def secret(project, owner):
    return invitations.create(invited_by=owner, project=project, role="annotator")[1]


def sign_up(secret, username="newcomer", **values):
    return invitations.sign_up(secret=secret, **({"username": username, "email": "", "password": STRONG} | values))


def test_a_newcomer_signs_up_and_is_a_member(project, secret):
    user = sign_up(secret)

    assert user.check_password(STRONG)
    assert Membership.objects.get(project=project, user=user).role == "annotator"
    assert Invitation.objects.get().accepted_by == user


def test_only_the_hash_of_the_link_is_kept(secret):
    assert not any(secret in str(value) for value in Invitation.objects.values().get().values())


def test_a_link_works_once(secret):
    sign_up(secret)

    with pytest.raises(NotFound):
        sign_up(secret, username="second")


@pytest.mark.parametrize(
    "change",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}, {"token_hash": "0" * 64}],
)
def test_a_dead_link_opens_nothing(secret, change):
    Invitation.objects.update(**change)

    with pytest.raises(NotFound):
        sign_up(secret)
    assert not User.objects.filter(username="newcomer").exists()


def test_a_refused_sign_up_leaves_the_link_alive(secret, owner):
    with pytest.raises(DomainError):
        sign_up(secret, username=owner.username)
    with pytest.raises(DomainError):
        sign_up(secret, password="short")

    assert sign_up(secret)


@pytest.mark.parametrize("loss", ["removed", "demoted", "deactivated", "archived"])
def test_a_link_dies_with_the_right_to_invite(project, owner, secret, loss):
    match loss:
        case "removed":
            Membership.objects.filter(user=owner).delete()
        case "demoted":
            Membership.objects.filter(user=owner).update(role="engineer")
        case "deactivated":
            User.objects.filter(pk=owner.pk).update(is_active=False)
        case "archived":
            project.archived_at = timezone.now()
            project.save()

    with pytest.raises(NotFound):
        sign_up(secret)


@pytest.mark.parametrize(("held", "result"), [("viewer", "annotator"), ("engineer", "engineer")])
def test_a_member_keeps_the_higher_role(project, member, secret, held, result):
    user = member(held)

    invitations.accept(secret=secret, user=user)

    assert Membership.objects.get(project=project, user=user).role == result


def test_a_site_invitation_opens_no_project(project):
    admin = UserFactory(is_superuser=True)
    _, secret = invitations.create(invited_by=admin)

    user = sign_up(secret)

    assert not user.memberships.exists()
    assert not user.is_superuser


def test_a_withdrawn_invitation_cannot_be_withdrawn_again(project, owner, secret):
    invitation = invitations.get(project, Invitation.objects.get().pk)
    invitations.revoke(invitation=invitation, user=owner)

    with pytest.raises(Conflict):
        invitations.revoke(invitation=invitation, user=owner)


def test_an_invitation_is_found_in_its_own_project_only(project, secret, owner):
    other = ProjectFactory(owner=owner)

    for place in (other, None):
        with pytest.raises(NotFound):
            invitations.get(place, Invitation.objects.get().pk)
        assert not invitations.list_open(place).exists()


@pytest.mark.parametrize("values", [{"role": "king"}, {"role": ""}, {"days": 0}, {"days": 1000}])
def test_an_invitation_that_makes_no_sense_is_refused(project, owner, values):
    with pytest.raises(DomainError):
        invitations.create(invited_by=owner, project=project, **({"role": "viewer"} | values))


def test_the_trail_tells_who_invited_and_who_came(project, secret):
    sign_up(secret)

    events = list(AuditEvent.objects.filter(project=project).order_by("pk").values_list("verb", "actor_name"))
    assert events == [("invitation.created", "owner"), ("invitation.accepted", "newcomer")]


@pytest.mark.django_db(transaction=True)
def test_ten_people_with_one_link_let_one_in():
    owner = UserFactory()
    project = ProjectFactory(owner=owner)
    _, secret = invitations.create(invited_by=owner, project=project, role="viewer")
    start, refused = threading.Barrier(10), []

    def come(number):
        start.wait()
        try:
            sign_up(secret, username=f"newcomer{number}")
        except NotFound as error:
            refused.append(error)
        connection.close()

    threads = [threading.Thread(target=come, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 9
    assert User.objects.filter(username__startswith="newcomer").count() == 1
    assert project.memberships.count() == 2
