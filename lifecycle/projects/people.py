"""What people do to accounts, each with its line in the audit trail; the rooms below do the work."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from lifecycle.accounts.models import ApiToken, User
from lifecycle.accounts.services import tokens, users
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.services import record_event


def log_in(*, name: str, password: str, address: str) -> User:
    """The person, for a right password; a wrong one is noted with the address it came from."""
    try:
        user = users.check_password(name=name, password=password, address=address)
    except DomainError as error:
        if error.status == DomainError.status:
            summary = f"A login from {address} failed"
            record_event(project=None, actor=None, verb="person.login_failed", summary=summary)
        raise
    _note(user, user, "person.logged_in", f"{user.username} logged in", address=address)
    return user


def log_out(*, user: User) -> None:
    _note(user, user, "person.logged_out", f"{user.username} logged out")


@transaction.atomic
def change_password(*, user: User, current: str, new: str) -> User:
    users.change_password(user=user, current=current, new=new)
    _note(user, user, "person.password_changed", f"{user.username} changed the password")
    return user


@transaction.atomic
def reset_password(*, uid: str, token: str, new: str) -> User:
    """By the link of a mail or of an admin."""
    user = users.set_password(user=users.get_by_reset(uid, token), new=new)
    _note(user, user, "person.password_reset", f"{user.username} set a new password through a link")
    return user


@transaction.atomic
def end_sessions(*, user: User) -> User:
    users.end_sessions(user=user)
    _note(user, user, "person.sessions_ended", f"{user.username} logged out everywhere else")
    return user


@transaction.atomic
def update_profile(*, user: User, values: Mapping[str, str]) -> User:
    email = user.email
    users.update_profile(user=user, values=values)
    if user.email != email:
        _note(user, user, "person.email_changed", f"{user.username} changed the mail address")
    return user


@transaction.atomic
def create_user(*, admin: User, username: str, email: str, password: str, is_admin: bool = False) -> User:
    user = users.create(username=username, email=email, password=password, is_admin=is_admin, must_change_password=True)
    _note(admin, user, "person.created", f"{admin.username} created the account {user.username}")
    return user


@transaction.atomic
def set_active(*, admin: User, user: User, is_active: bool) -> User:
    if admin.pk == user.pk:
        raise Conflict("You cannot deactivate your own account.")
    users.set_active(user=user, is_active=is_active)
    verb, word = ("person.activated", "activated") if is_active else ("person.deactivated", "deactivated")
    _note(admin, user, verb, f"{admin.username} {word} {user.username}")
    return user


@transaction.atomic
def set_admin(*, admin: User, user: User, is_admin: bool) -> User:
    users.set_admin(user=user, is_admin=is_admin)
    text = "made {} a site admin" if is_admin else "took the site admin role from {}"
    _note(admin, user, "person.admin_changed", f"{admin.username} {text.format(user.username)}", is_admin=is_admin)
    return user


@transaction.atomic
def change_standing(*, admin: User, user: User, is_active: bool | None = None, is_admin: bool | None = None) -> User:
    """Both standings of an account at once, or neither; None leaves one as it is."""
    if is_admin is not None and is_admin != user.is_superuser:
        set_admin(admin=admin, user=user, is_admin=is_admin)
    if is_active is not None and is_active != user.is_active:
        set_active(admin=admin, user=user, is_active=is_active)
    return user


@transaction.atomic
def make_reset_link(*, admin: User, user: User) -> tuple[str, str]:
    """(uid, token) for the admin to hand over; the old password works until the link is used."""
    if not user.is_active:
        raise Conflict(f"{user.username} is not active; activate the account first.")
    _note(admin, user, "person.reset_link_made", f"{admin.username} made a password link for {user.username}")
    return users.build_reset_path(user)


@transaction.atomic
def issue_token(
    *, user: User, name: str, scope: str, days: int | None, with_token: ApiToken | None = None
) -> tuple[ApiToken, str]:
    """A token made with a token does not outlive it, and may do no more."""
    token, secret = tokens.issue(user=user, name=name, scope=scope, days=days)
    limit = with_token.expires_at if with_token is not None else None
    if limit is not None and (token.expires_at is None or token.expires_at > limit):
        raise DomainError("A token made with a token cannot outlive it.", fields={"days": "Choose fewer days."})
    summary = f"{user.username} made the token “{token.name}”"
    _note(user, token, "token.issued", summary, scope=scope, days=days)
    return token, secret


@transaction.atomic
def revoke_token(*, user: User, token: ApiToken) -> ApiToken:
    tokens.revoke(token=token)
    _note(user, token, "token.revoked", f"{user.username} revoked the token “{token.name}”")
    return token


def _note(actor: User, subject: User | ApiToken, verb: str, summary: str, **details) -> None:
    kind = "token" if isinstance(subject, ApiToken) else "user"
    record_event(
        project=None,
        actor=actor,
        verb=verb,
        summary=summary,
        object_type=kind,
        object_id=subject.pk,
        details=details,
    )
