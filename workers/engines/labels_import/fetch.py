"""One file from the internet: every address is checked where the connection is made, redirects too."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import HTTPError

from lifecycle.contracts.addresses import AddressRule
from workers.engines.deliver.send import Refused, connect, resolve

MOST_REDIRECTS = 4
BLOCK = 1 << 16
REDIRECTS = {301, 302, 303, 307, 308}


class FetchFailed(ValueError):
    """It could not be had; the message says why."""


def fetch(url: str, *, private_addresses: str, max_bytes: int) -> bytes:
    """The content behind an http(s) address. Raises FetchFailed."""
    rule = AddressRule.parse(private_addresses)
    try:
        for _ in range(MOST_REDIRECTS):
            content, further = _ask(url, rule, max_bytes)
            if not further:
                return content
            url = urljoin(url, further)
    except Refused as refused:
        raise FetchFailed(str(refused)) from None
    except FetchFailed:
        raise
    except (HTTPError, OSError, UnicodeError, ValueError) as error:
        raise FetchFailed(f"{type(error).__name__}: {error}"[:200]) from None
    raise FetchFailed("it redirects too often")


def _ask(url: str, rule: AddressRule, max_bytes: int) -> tuple[bytes, str]:
    """(content, where it is instead)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchFailed("only http and https addresses are fetched")
    is_secure = parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    address = resolve(parts.hostname, port, rule)
    with connect(address, port, parts.hostname, is_secure) as pool:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.hostname if port in (80, 443) else f"{parts.hostname}:{port}"
        headers = {"Host": host, "User-Agent": "Gristmill/1", "Accept": "*/*"}
        answer = pool.urlopen("GET", target, headers=headers, redirect=False, preload_content=False)
        try:
            if answer.status in REDIRECTS and answer.headers.get("Location"):
                return b"", answer.headers["Location"]
            if answer.status != 200:
                raise FetchFailed(f"the server answered {answer.status}")
            parts_read, size = [], 0
            while block := answer.read(BLOCK):
                size += len(block)
                if size > max_bytes:
                    raise FetchFailed(f"it is larger than {max_bytes // 1_000_000} MB")
                parts_read.append(block)
            return b"".join(parts_read), ""
        finally:
            answer.release_conn()
