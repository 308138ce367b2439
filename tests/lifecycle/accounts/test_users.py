"""People: passwords, the login delay, admins, the first admin."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.accounts import rules
from lifecycle.accounts.models import User
from lifecycle.accounts.services import throttle, users
from lifecycle.common.errors import Conflict, DomainError, NotFound, TooMany
from tests.factories import PASSWORD, UserFactory

STRONG = "a sentence nobody knows"


@pytest.fixture(autouse=True)
def clean_cache():
    cache.clear()


def log_in(name="ann", password=PASSWORD, address="10.0.0.1"):
    return users.check_password(name=name, password=password, address=address)


@pytest.mark.parametrize("name", ["ann", "ann@example.org", "ANN@example.org"])
def test_a_person_logs_in_by_name_or_mail_address(db, name):
    ann = UserFactory(username="ann")

    assert log_in(name) == ann


@pytest.mark.parametrize("name", ["ann", "nobody", "sleeper", "", "a\x00b", "x" * 500, "nobody@example.org"])
def test_every_failed_login_reads_the_same(db, name):
    UserFactory(username="ann")
    UserFactory(username="sleeper", is_active=False)

    with pytest.raises(DomainError) as caught:
        log_in(name, password="wrong")

    assert caught.value.message.startswith("The user name or the password is not right.")


def test_an_inactive_person_is_told_nothing_even_with_the_right_password(db):
    UserFactory(username="sleeper", is_active=False)

    with pytest.raises(DomainError, match="is not right"):
        log_in("sleeper")


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_the_sixth_try_has_to_wait_whether_the_account_exists_or_not(db, name):
    UserFactory(username="ann")
    for _ in range(5):
        with pytest.raises(DomainError, match="is not right"):
            log_in(name, password="wrong")

    with pytest.raises(TooMany, match="Try again in"):
        log_in(name)


def test_the_delay_is_for_one_account_at_one_address(db):
    UserFactory(username="ann")
    UserFactory(username="bob")
    for _ in range(6):
        throttle.record_failure(purpose="login", account="ann", address="10.0.0.1")

    assert log_in("ann", address="10.0.0.2").username == "ann"
    assert log_in("bob", address="10.0.0.1").username == "bob"
    with pytest.raises(TooMany):
        log_in("ann", address="10.0.0.1")


def test_one_address_cannot_try_many_accounts(db):
    UserFactory(username="ann")
    for number in range(51):
        throttle.record_failure(purpose="login", account=f"guess-{number}", address="10.0.0.1")

    with pytest.raises(TooMany):
        log_in("ann", address="10.0.0.1")


def test_many_addresses_cannot_try_one_account(db):
    UserFactory(username="ann")
    for number in range(51):
        throttle.record_failure(purpose="login", account="ann", address=f"10.0.1.{number}")

    with pytest.raises(TooMany):
        log_in("ann", address="10.9.9.9")


def test_a_success_clears_the_delay(db):
    UserFactory(username="ann")
    for _ in range(4):
        throttle.record_failure(purpose="login", account="ann", address="10.0.0.1")

    log_in()
    throttle.record_failure(purpose="login", account="ann", address="10.0.0.1")

    assert log_in()


@given(failures=st.integers(0, 10_000), kind=st.sampled_from(sorted(rules.PATIENCE)))
def test_the_delay_grows_and_is_bounded(failures, kind):
    patience = rules.PATIENCE[kind]
    now, later = (rules.compute_delay_seconds(n, patience) for n in (failures, failures + 1))

    assert 0 <= now <= later <= patience.longest_seconds
    assert (now == 0) == (failures < patience.free)


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 second"), (40, "40 seconds"), (91, "2 minutes"), (900, "15 minutes")]
)
def test_durations_are_said_as_people_say_them(seconds, text):
    assert rules.say_duration(seconds) == text


@pytest.mark.parametrize("password", ["short", "password123", "1234567890", "annabelle-annabelle"])
def test_a_weak_password_is_refused_at_its_field(db, password):
    with pytest.raises(DomainError) as caught:
        users.create(username="annabelle-annabelle", password=password)

    assert "password" in caught.value.fields


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "ann"}, "username"),
        ({"username": "with space"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "new", "email": "ANN@example.org"}, "email"),
        ({"username": "new", "email": "no address"}, "email"),
    ],
)
def test_a_person_is_refused_at_the_field_that_is_wrong(db, values, field):
    UserFactory(username="ann")

    with pytest.raises(DomainError) as caught:
        users.create(**({"password": STRONG} | values))

    assert list(caught.value.fields) == [field]


def test_two_people_may_have_no_mail_address(db):
    for name in ("ann", "bob"):
        users.create(username=name, password=STRONG)

    assert User.objects.filter(email="").count() == 2


def test_changing_the_password_asks_for_the_current_one(db):
    ann = UserFactory(must_change_password=True)

    with pytest.raises(DomainError) as caught:
        users.change_password(user=ann, current="wrong", new=STRONG)
    users.change_password(user=ann, current=PASSWORD, new=STRONG)

    assert list(caught.value.fields) == ["current"]
    assert ann.check_password(STRONG)
    assert not ann.must_change_password


def test_the_new_password_must_be_another(db):
    with pytest.raises(DomainError, match="differ"):
        users.change_password(user=UserFactory(), current=PASSWORD, new=PASSWORD)


def test_a_new_password_and_a_raised_epoch_each_end_all_sessions(db):
    ann = UserFactory()
    hashes = [ann.get_session_auth_hash()]

    users.end_sessions(user=ann)
    hashes.append(ann.get_session_auth_hash())
    users.set_password(user=ann, new=STRONG)
    hashes.append(ann.get_session_auth_hash())

    assert len(set(hashes)) == 3


def test_a_reset_link_works_once(db):
    ann = UserFactory()
    uid, token = users.build_reset_path(ann)

    assert users.get_by_reset(uid, token) == ann
    users.set_password(user=ann, new=STRONG)
    with pytest.raises(NotFound):
        users.get_by_reset(uid, token)


@pytest.mark.parametrize("uid", ["", "MQ", "%%%", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "é", "AAAA"])
def test_a_made_up_reset_link_is_refused(db, uid):
    with pytest.raises(NotFound):
        users.get_by_reset(uid, "abc-def")


def test_the_reset_link_of_an_inactive_person_is_dead(db):
    ann = UserFactory()
    uid, token = users.build_reset_path(ann)
    users.set_active(user=ann, is_active=False)

    with pytest.raises(NotFound):
        users.get_by_reset(uid, token)


@pytest.mark.parametrize("verb", ["set_active", "set_admin"])
def test_the_last_admin_stays(db, verb):
    admin = UserFactory(is_superuser=True)
    UserFactory(is_superuser=True, is_active=False)
    option = {"set_active": "is_active", "set_admin": "is_admin"}[verb]

    with pytest.raises(Conflict, match="only site admin"):
        getattr(users, verb)(user=admin, **{option: False})


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_remove_each_other_at_the_same_moment():
    admins = [UserFactory(is_superuser=True) for _ in range(2)]
    start, refused = threading.Barrier(2), []

    def demote(user):
        start.wait()
        try:
            users.set_admin(user=user, is_admin=False)
        except Conflict as error:
            refused.append(error)
        connection.close()

    threads = [threading.Thread(target=demote, args=[user]) for user in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert User.objects.filter(is_superuser=True, is_active=True).count() == 1


@pytest.mark.parametrize("values", [{"theme": "pink"}, {"email": "x"}])
def test_a_profile_that_makes_no_sense_is_refused(db, values):
    with pytest.raises(DomainError):
        users.update_profile(user=UserFactory(), values=values)


def test_the_first_admin_is_made_once_with_a_password_printed_once(db, capsys):
    call_command("createadmin")
    printed = capsys.readouterr().out
    call_command("createadmin")
    again = capsys.readouterr().out

    admin = User.objects.get()
    password = printed.split("password “")[1].split("”")[0]
    assert (admin.username, admin.is_superuser, admin.must_change_password) == ("admin", True, True)
    assert admin.check_password(password)
    assert again == ""


def test_a_given_admin_password_is_used_and_not_printed(db, capsys, settings):
    import dataclasses

    settings.ENV = dataclasses.replace(settings.ENV, admin_password="given by the operator")

    call_command("createadmin")

    admin = User.objects.get()
    assert admin.check_password("given by the operator")
    assert not admin.must_change_password
    assert "given by the operator" not in capsys.readouterr().out


def test_a_site_with_people_gets_no_admin(db, capsys):
    UserFactory()

    call_command("createadmin")

    assert not User.objects.filter(username="admin").exists()
