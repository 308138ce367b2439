"""A growing delay after failures, kept in Redis: per account and address, per account, and per address."""

from __future__ import annotations

import hashlib
import logging
import math
import time

from django.core.cache import cache
from redis.exceptions import RedisError

from lifecycle.accounts import rules
from lifecycle.common.errors import TooMany

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 60 * 60


def check(*, purpose: str, account: str, address: str) -> None:
    """Raises TooMany, with the seconds to wait, while the delay of earlier failures runs."""
    keys = _keys(purpose, account, address)
    try:
        found = cache.get_many([f"{key}:until" for key in keys.values()])
    except RedisError:
        logger.exception("login throttle is not reachable; this try is let through")
        return
    wait = max([until - time.time() for until in found.values()], default=0)
    if wait > 0:
        seconds = math.ceil(wait)
        raise TooMany(f"Too many tries. Try again in {rules.say_duration(seconds)}.")


def record_failure(*, purpose: str, account: str, address: str) -> None:
    """Count a failure and start the delay it earns."""
    try:
        for kind, key in _keys(purpose, account, address).items():
            cache.add(f"{key}:count", 0, REMEMBERED_SECONDS)
            delay = rules.compute_delay_seconds(cache.incr(f"{key}:count"), rules.PATIENCE[kind])
            cache.touch(f"{key}:count", REMEMBERED_SECONDS)
            if delay:
                cache.set(f"{key}:until", time.time() + delay, delay)
    except (RedisError, ValueError):  # ValueError: the counter expired between add and incr
        logger.exception("a failed login could not be counted")


def forget(*, purpose: str, account: str, address: str) -> None:
    """A success clears the delay of this account at this address."""
    key = _keys(purpose, account, address)["pair"]
    try:
        cache.delete_many([f"{key}:count", f"{key}:until"])
    except RedisError:
        logger.exception("the login throttle could not be cleared")


def _keys(purpose: str, account: str, address: str) -> dict[str, str]:
    """Names are hashed: what people type may be anything, even a password in the wrong field."""
    digest = hashlib.sha256(account.strip().lower().encode("utf-8", "replace")).hexdigest()[:32]
    return {
        "pair": f"throttle:{purpose}:{digest}:{address}",
        "account": f"throttle:{purpose}:{digest}",
        "address": f"throttle:{purpose}:@{address}",
    }
