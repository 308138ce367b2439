"""API tokens: issued once, found by their hash, revoked for good."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from lifecycle.accounts.models import ApiToken, User
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.common.rows import Columns, read_one
from lifecycle.contracts.tokens import generate_token, hash_token

USE_RECORDED_EVERY = timedelta(minutes=1)
MAX_DAYS = 3650
PREFIX_LENGTH = 9

_TOKEN, _USER = Columns(ApiToken, "t"), Columns(User, "u")
_LIVE = f"""
SELECT {_TOKEN.sql}, {_USER.sql} FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
WHERE t.token_hash = %s AND t.revoked_at IS NULL AND u.is_active AND (t.expires_at IS NULL OR t.expires_at > %s)
"""


def issue(*, user: User, name: str, scope: str = ApiToken.Scope.WRITE, days: int | None = None) -> tuple[ApiToken, str]:
    """A new token and its secret, which is not kept and can never be shown again. `days` None means no expiry."""
    if scope not in ApiToken.Scope.values:
        allowed = ", ".join(ApiToken.Scope.values)
        raise DomainError(f"There is no scope “{scope}”; choose one of {allowed}.", fields={"scope": "Unknown scope."})
    if days is not None and not 1 <= days <= MAX_DAYS:
        sentence = f"A token lasts between 1 and {MAX_DAYS} days."
        raise DomainError(sentence, fields={"days": sentence})
    secret = generate_token()
    token = ApiToken.objects.create(
        user=user,
        name=name.strip()[:100] or "token",
        scope=scope,
        token_hash=hash_token(secret),
        prefix=secret[:PREFIX_LENGTH],
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    return token, secret


def revoke(*, token: ApiToken) -> ApiToken:
    """The token stops working with the next request."""
    if token.revoked_at is not None:
        raise Conflict(f"The token “{token.name}” is revoked already.")
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at", "updated_at"])
    return token


def authenticate(secret: str) -> ApiToken | None:
    """The live token behind a secret, with its active user; notes the use at most once a minute."""
    now = timezone.now()
    found = read_one(_LIVE, [hash_token(secret), now], _TOKEN, _USER)
    if found is None:
        return None
    token: ApiToken = found[0]
    token.user = found[1]
    if token.last_used_at is None or now - token.last_used_at > USE_RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token
