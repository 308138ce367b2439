"""One effect for a request that is sent twice: the first answer is kept for a day under the client's key."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from lifecycle.accounts.models import IdempotentReply, User
from lifecycle.common.errors import Conflict, DomainError

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 200


def hash_request(method: str, path: str, content_type: str, body: bytes) -> str:
    """What makes two requests the same one."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), content_type.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def claim(*, user: User, key: str, request_hash: str) -> tuple[IdempotentReply, bool]:
    """The reply row of this key, and whether it is new. Must run in the transaction that holds the effect.

    Two requests with one key at the same moment: the second waits here, on the unique index, until the first has
    committed (and then gets its answer) or rolled back (and then is the first).
    Raises Conflict when the key was used for another request.
    """
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise DomainError(f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} printable characters.")
    now = timezone.now()
    IdempotentReply.objects.filter(user=user, key=key, created_at__lt=now - KEPT_FOR).delete()
    is_new = _insert(user.pk, key, request_hash, now)
    reply = IdempotentReply.objects.get(user=user, key=key)
    if reply.request_hash != request_hash:
        raise Conflict("This Idempotency-Key was used for another request; send a new key with a new request.")
    return reply, is_new


def record(*, reply: IdempotentReply, status: int, content_type: str, body: bytes) -> None:
    """Keep the answer that repeats get."""
    reply.status, reply.content_type, reply.body = status, content_type, body
    reply.save(update_fields=["status", "content_type", "body"])


def prune() -> int:
    """Remove answers older than a day; returns how many."""
    return IdempotentReply.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _insert(user_id: int, key: str, request_hash: str, now) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_idempotentreply (user_id, key, request_hash, status, content_type, body, created_at)
            VALUES (%s, %s, %s, 0, '', '', %s)
            ON CONFLICT (user_id, key) DO NOTHING
            """,
            [user_id, key, request_hash, now],
        )
        return cursor.rowcount == 1
