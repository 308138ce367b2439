"""API tokens: only their hash is kept, and they die when they should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.accounts.models import ApiToken
from lifecycle.accounts.services import tokens
from lifecycle.accounts.services.idempotency import hash_request
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects import people
from lifecycle.projects.models import AuditEvent
from tests.factories import UserFactory


def test_the_secret_is_nowhere_in_the_row(db):
    token, secret = tokens.issue(user=UserFactory(), name="t")

    stored = {str(value) for value in ApiToken.objects.values().get().values()}
    assert not any(secret in value for value in stored)
    assert token.prefix == secret[: len(token.prefix)]
    assert len(token.prefix) < 12


def test_a_secret_finds_its_token(db):
    user = UserFactory()
    token, secret = tokens.issue(user=user, name="t", scope="read", days=1)

    assert tokens.authenticate(secret) == token
    assert tokens.authenticate(secret).user == user
    assert tokens.authenticate(secret + "x") is None
    assert tokens.authenticate("") is None
    assert tokens.authenticate("é\x00") is None


def test_a_revoked_token_is_dead_and_cannot_be_revoked_again(db):
    token, secret = tokens.issue(user=UserFactory(), name="t")

    tokens.revoke(token=token)

    assert tokens.authenticate(secret) is None
    with pytest.raises(Conflict):
        tokens.revoke(token=token)


def test_a_token_dies_with_its_day(db):
    _, secret = tokens.issue(user=UserFactory(), name="t", days=1)
    ApiToken.objects.update(expires_at=timezone.now())

    assert tokens.authenticate(secret) is None


@pytest.mark.parametrize("values", [{"scope": "all"}, {"days": 0}, {"days": -1}, {"days": 10**9}])
def test_a_token_that_makes_no_sense_is_refused(db, values):
    with pytest.raises(DomainError):
        tokens.issue(user=UserFactory(), name="t", **values)

    assert not ApiToken.objects.exists()


def test_a_token_made_with_a_token_does_not_outlive_it(db):
    user = UserFactory()
    short, _ = people.issue_token(user=user, name="short", scope="write", days=2)

    for days in (None, 3):
        with pytest.raises(DomainError, match="outlive"):
            people.issue_token(user=user, name="long", scope="write", days=days, with_token=short)

    assert ApiToken.objects.count() == 1
    assert people.issue_token(user=user, name="fine", scope="write", days=1, with_token=short)


def test_tokens_leave_a_trail(db):
    user = UserFactory(username="ann")
    token, secret = people.issue_token(user=user, name="nightly", scope="read", days=7)
    people.revoke_token(user=user, token=token)

    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["token.issued", "token.revoked"]
    assert not AuditEvent.objects.filter(details__icontains=secret).exists()


def test_the_command_prints_a_token_that_works(db, capsys):
    UserFactory(username="ann")

    call_command("token", "ann", "--scope", "read", "--days", "3")

    token = tokens.authenticate(capsys.readouterr().out.strip())
    assert (token.user.username, token.scope) == ("ann", "read")
    assert timedelta(days=2) < token.expires_at - timezone.now() <= timedelta(days=3)


@pytest.mark.parametrize("arguments", [["nobody"], ["sleeper"], ["ann", "--days", "0"]])
def test_the_command_says_what_is_wrong(db, arguments):
    UserFactory(username="ann")
    UserFactory(username="sleeper", is_active=False)

    with pytest.raises(CommandError):
        call_command("token", *arguments)


@given(st.lists(st.tuples(st.text(), st.text(), st.text(), st.binary()), min_size=2, max_size=2, unique=True))
def test_different_requests_have_different_hashes(pair):
    first, second = (hash_request(*(text.encode("utf-8", "replace").decode() for text in p[:3]), p[3]) for p in pair)
    same = [tuple(text.encode("utf-8", "replace") for text in p[:3]) + p[3:] for p in pair]

    assert (first == second) == (same[0] == same[1])
