"""Addresses in one form: what can be fetched, and when two are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url, safe_url_string

MAX_URL_CHARS = 2_000


class Address(NamedTuple):
    """One address in the form in which the crawl knows it."""

    url: str
    fingerprint: str  # 32 hex digits of the canonical form
    host: str  # with the port, where one is given
    extension: str


class Origin(NamedTuple):
    """Who answers at an address: what is the login of one is none of another's."""

    scheme: str
    host: str
    port: int


PORTS = {"http": 80, "https": 443}


def find_origin(url: str) -> Origin:
    """ValueError for a port out of range."""
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))


def is_trusted(url: str, starts: Iterable[Origin]) -> bool:
    """Do secrets meant for `starts` belong to this address too? To the same scheme, host and port; and where a start is
    plain HTTP on its usual port, to the same host over HTTPS on its own."""
    origin = find_origin(url)
    plain = Origin("http", origin.host, PORTS["http"])
    known = set(starts)
    return origin in known or (origin == Origin("https", origin.host, PORTS["https"]) and plain in known)


def parse_address(url: str) -> Address:
    """ValueError with the reason for what cannot be fetched over HTTP."""
    url = "".join(url.split()) if "\n" in url or "\t" in url else url.strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{parts.scheme or 'no'}: is not http or https")
    if not parts.hostname:
        raise ValueError("it names no host")
    if parts.username or parts.password:
        raise ValueError("it carries a user name or password")
    if len(url) > MAX_URL_CHARS:
        raise ValueError(f"it is longer than {MAX_URL_CHARS:,} characters")
    parts.port  # noqa: B018  raises ValueError for a port out of range
    clean = safe_url_string(url.partition("#")[0])
    name = parts.path.rsplit("/", 1)[-1]
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    digest = hashlib.sha256(canonicalize_url(clean).encode()).hexdigest()[:32]
    return Address(clean, digest, parts.netloc.lower(), extension)
