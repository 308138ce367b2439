"""One POST, to the very address that was checked: no redirects, no second look at the name, no endless answer."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from lifecycle.contracts.addresses import AddressRule

SECONDS = 15.0
READ_BYTES = 2_000
HOW_TO_ALLOW = "The operator of this installation can allow it with GRISTMILL_ALLOW_PRIVATE_ADDRESSES."


@dataclass(frozen=True)
class Answer:
    """The status and the beginning of the answer; without a status, why there was none."""

    status: int | None
    said: str


class Refused(Exception):
    """The address may not be reached."""


def send(url: str, *, body: bytes, headers: Mapping[str, str], private_addresses: str) -> Answer:
    """POST the body. Whatever goes wrong comes back as an Answer without a status."""
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    try:
        address = resolve(host, port, AddressRule.parse(private_addresses))
        with connect(address, port, host, is_secure) as pool:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            name = f"[{host}]" if ":" in host else host
            sent = {**headers, "Host": name if port in (80, 443) else f"{name}:{port}"}
            answer = pool.urlopen("POST", target, body=body, headers=sent, redirect=False, preload_content=False)
            said = answer.read(READ_BYTES).decode("utf-8", "replace")
            answer.release_conn()
            return Answer(answer.status, said)
    except Refused as refused:
        return Answer(None, str(refused))
    except (HTTPError, OSError, UnicodeError) as error:
        return Answer(None, f"{type(error).__name__}: {error}")


def resolve(host: str, port: int, rule: AddressRule) -> str:
    """An address of the name that may be reached; raises Refused when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if rule.allows(address):
            return address
    raise Refused(f"{host} ({addresses[0]}) is a private address. {HOW_TO_ALLOW}")


def connect(
    address: str, port: int, host: str, is_secure: bool, seconds: float = SECONDS
) -> urllib3.HTTPConnectionPool:
    """Connections to this very address, whatever the name resolves to next."""
    timeout = urllib3.Timeout(total=seconds)
    if not is_secure:
        return urllib3.HTTPConnectionPool(address, port, timeout=timeout, retries=False, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        address, port, timeout=timeout, retries=False, maxsize=1, server_hostname=host, assert_hostname=host
    )
