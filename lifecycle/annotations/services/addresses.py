"""Addresses that people type in, checked by their shape; whether one may be reached is decided when connecting."""

from __future__ import annotations

from urllib.parse import urlsplit

from lifecycle.common.errors import DomainError

MAX_CHARS = 2_000


def check_http_url(url: str, *, example: str, password_goes: str, may_have_query: bool) -> str:
    """The address without blanks around it. DomainError, on the field `url`, when it is none or holds a password."""
    url = str(url).strip()
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    is_clean = len(url) <= MAX_CHARS and url.isprintable() and " " not in url
    if not is_good or not is_clean or (not may_have_query and (parts.query or parts.fragment)):
        raise DomainError("This is not an http(s) address.", fields={"url": f"Such as {example}."})
    if parts.username or parts.password:
        raise DomainError(password_goes, fields={"url": "No password here."})
    return url
