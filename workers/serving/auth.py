"""Who may call which endpoint: tokens looked up in Postgres, remembered for a few seconds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import psycopg

from lifecycle.contracts.serving import CALL_PREFIX, is_signed_call
from lifecycle.contracts.tokens import hash_token
from workers.serving.endpoints import Endpoint
from workers.serving.problems import Problem
from workers.serving.store import Caller

logger = logging.getLogger(__name__)

REMEMBER_SECONDS = 4.0
MAX_REMEMBERED = 10_000
MAX_TOKEN_LENGTH = 300
_CHALLENGE = (("www-authenticate", "Bearer"),)


def read_token(header: bytes) -> str:
    """The token of ``Authorization: Bearer …`` or ``Token …``; empty when there is none."""
    scheme, _, token = header.strip().partition(b" ")
    if scheme.lower() not in (b"bearer", b"token") or len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        return ""
    return token.strip().decode()


class Doorkeeper:
    """Answers from memory where it can; else says that a lookup is needed, which may run in a thread."""

    def __init__(self, find_caller: Callable[[str], Caller | None], secret: str):
        self._find_caller = find_caller
        self._secret = secret
        self._known: dict[bytes, tuple[float, Caller | None]] = {}

    def needs_lookup(self, header: bytes) -> bool:
        known = self._known.get(header)
        if known is not None and known[0] > time.monotonic():
            return False
        token = read_token(header)
        return bool(token) and not token.startswith(CALL_PREFIX)

    def look_up(self, header: bytes) -> None:
        """Ask Postgres. While it cannot be reached, whoever was let in last is let in still; raises Problem(503)
        for tokens not seen before."""
        try:
            caller = self._find_caller(hash_token(read_token(header)))
        except (psycopg.Error, OSError) as error:
            logger.warning("tokens cannot be looked up: %s", error)
            if header not in self._known:
                raise Problem(
                    503, "The database cannot be reached, so this token cannot be checked.", (("retry-after", "2"),)
                ) from None
            caller = self._known[header][1]
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[header] = (time.monotonic() + REMEMBER_SECONDS, caller)

    def check(self, header: bytes, endpoint: Endpoint | None, slug: str) -> Endpoint:
        """The endpoint, for those who may call it. Raises Problem 401, 403, or 404 for strangers."""
        known = self._known.get(header)
        caller = known[1] if known is not None else None
        if caller is None:
            if not self._is_signed(header, slug):
                raise Problem(401, "Send a valid API token or deployment key as “Authorization: Bearer …”.", _CHALLENGE)
            caller = Caller(scope="predict", is_superuser=True)
        if endpoint is None or not _is_member(caller, endpoint):
            raise Problem(404, "There is no such deployment, or you are not a member of its project.")
        if caller.scope == "read":
            raise Problem(403, "This token may only read. Make one with the scope “predict” or “write”.")
        return endpoint

    def _is_signed(self, header: bytes, slug: str) -> bool:
        token = read_token(header)
        return token.startswith(CALL_PREFIX) and is_signed_call(self._secret, slug, token)


def _is_member(caller: Caller, endpoint: Endpoint) -> bool:
    if caller.deployment_id is not None:
        return caller.deployment_id == endpoint.id
    return caller.is_superuser or endpoint.project_id in caller.project_ids
