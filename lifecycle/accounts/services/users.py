"""People: create, check and set passwords, activate, make admin. Nobody can remove the last admin."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from lifecycle.accounts.models import User
from lifecycle.accounts.services import throttle
from lifecycle.common.errors import Conflict, DomainError, NotFound

THEMES = ("auto", "light", "dark")
PROFILE_FIELDS = ("first_name", "last_name", "email", "theme")


def create(
    *,
    username: str,
    password: str,
    email: str = "",
    is_admin: bool = False,
    must_change_password: bool = False,
    checks_password: bool = True,
) -> User:
    """A new person. Raises DomainError, with errors by field, for a taken name or a weak password."""
    user = User(
        username=User.normalize_username(username.strip()),
        email=email.strip(),
        is_superuser=is_admin,
        is_staff=is_admin,
        must_change_password=must_change_password,
    )
    if checks_password:
        _require_strong(password, user, field="password")
    user.set_password(password)
    return _save_whole(user)


def open_placeholders(usernames: Iterable[str]) -> dict[str, int]:
    """{username: id} of accounts that stand for people who are not here: not active, without a password or mail."""
    wanted = sorted(set(usernames))
    rows = [User(username=username, is_active=False, password=make_password(None)) for username in wanted]
    User.objects.bulk_create(rows, ignore_conflicts=True)  # two imports may name the same person at once
    return dict(User.objects.filter(username__in=wanted).values_list("username", "pk"))


def check_password(*, name: str, password: str, address: str) -> User:
    """The active person with this user name (or mail address) and password.

    Raises TooMany while the delay of earlier failures runs, and one and the same DomainError for an unknown name,
    a wrong password and an account that is not active. The time taken is the same: an unknown name is hashed as well.
    """
    throttle.check(purpose="login", account=name, address=address)
    user = authenticate(None, username=_find_username(name), password=password) if "\x00" not in name else None
    if user is None:
        throttle.record_failure(purpose="login", account=name, address=address)
        raise DomainError("The user name or the password is not right. Mind upper and lower case.")
    throttle.forget(purpose="login", account=name, address=address)
    return user


def change_password(*, user: User, current: str, new: str) -> User:
    """Ends every session of the person; the caller renews the one in use."""
    if not user.check_password(current):
        sentence = "The current password is not right."
        raise DomainError(sentence, fields={"current": sentence})
    if current == new:
        sentence = "The new password must differ from the current one."
        raise DomainError(sentence, fields={"new": sentence})
    return set_password(user=user, new=new)


def set_password(*, user: User, new: str) -> User:
    _require_strong(new, user, field="new")
    user.set_password(new)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    return user


def end_sessions(*, user: User) -> User:
    """Log the person out everywhere; the caller renews the session in use."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])
    return user


def build_reset_path(user: User) -> tuple[str, str]:
    """(uid, token) of a link that sets a new password once, within PASSWORD_RESET_TIMEOUT."""
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


def get_by_reset(uid: str, token: str) -> User:
    """The active person a reset link is for. Raises NotFound for a link that is used, too old or made up."""
    try:
        user = User.objects.filter(pk=int(urlsafe_base64_decode(uid)), is_active=True).first()
    except (ValueError, OverflowError):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise NotFound("This link is used or too old. Ask for a new one.")
    return user


def set_active(*, user: User, is_active: bool) -> User:
    """An account that is not active cannot log in, and its tokens do not work. Nothing it made is removed."""
    with transaction.atomic():
        _require_other_admin(user, keeps=is_active)
        user.is_active = is_active
        user.save(update_fields=["is_active"])
    return user


def set_admin(*, user: User, is_admin: bool) -> User:
    with transaction.atomic():
        _require_other_admin(user, keeps=is_admin)
        user.is_superuser = user.is_staff = is_admin
        user.save(update_fields=["is_superuser", "is_staff"])
    return user


def update_profile(*, user: User, values: Mapping[str, str]) -> User:
    """Change some of PROFILE_FIELDS."""
    if values.get("theme", "auto") not in THEMES:
        raise DomainError("A theme is auto, light or dark.", fields={"theme": "Choose auto, light or dark."})
    for name in PROFILE_FIELDS:
        if name in values:
            setattr(user, name, values[name].strip())
    return _save_whole(user)


def create_first_admin(password: str = "") -> tuple[User | None, str]:
    """(admin, generated password) on a site without people; (None, "") on any other. A given password is not echoed."""
    with transaction.atomic():
        if User.objects.exists():
            return None, ""
        chosen = password or secrets.token_urlsafe(12)
        admin = create(
            username="admin",
            password=chosen,
            is_admin=True,
            must_change_password=not password,
            checks_password=False,
        )
    return admin, "" if password else chosen


def _find_username(name: str) -> str:
    name = name.strip()
    if "@" in name and not User.objects.filter(username=name).exists():
        return User.objects.filter(email__iexact=name).values_list("username", flat=True).first() or name
    return name


def _require_strong(password: str, user: User, *, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        sentence = " ".join(error.messages)
        raise DomainError(sentence, fields={field: sentence}) from None


def _require_other_admin(user: User, *, keeps: bool) -> None:
    """Holds the rows of all admins, so that two admins cannot remove each other at the same moment."""
    admins = set(
        User.objects.select_for_update().filter(is_superuser=True, is_active=True).values_list("pk", flat=True)
    )
    if not keeps and admins == {user.pk}:
        raise Conflict(f"{user.username} is the only site admin; make someone else admin first.")


def _save_whole(user: User) -> User:
    """Save after the model's own checks; a name taken in the meantime is an error of its field too."""
    try:
        user.full_clean(exclude=["password"])
        with transaction.atomic():
            user.save()
    except ValidationError as error:
        fields = {_field_of(name): " ".join(texts) for name, texts in error.message_dict.items()}
        raise DomainError(" ".join(fields.values()), fields=fields) from None
    except IntegrityError:
        raise Conflict("This user name or mail address is taken.") from None
    return user


def _field_of(name: str) -> str:
    return "email" if name == "__all__" else name  # the only constraint over an expression is the mail address's
