"""May this host be reached? Names are resolved once, here, and the connection goes to what was checked."""

from __future__ import annotations

import socket

from lifecycle.contracts.addresses import AddressRule
from workers.engines.collect.errors import SourceError, SourceUnreachable

LOOPBACK = "127.0.0.1"
HOW_TO_ALLOW = (
    "The operator of this installation can allow it with GRISTMILL_SOURCE_ADDRESSES, "
    "for example GRISTMILL_SOURCE_ADDRESSES={address}."
)


def resolve_host(host: str, port: int | None, rule_text: str) -> str:
    """An address of the host that may be connected to. Raises SourceError when none may, SourceUnreachable when the
    name is not known. A host that is empty or a socket's path is this machine."""
    rule = AddressRule.parse(rule_text)
    if not host or host.startswith("/") or host.startswith("@"):
        if not rule.allows(LOOPBACK):
            raise SourceError(f"This source is on the server itself. {HOW_TO_ALLOW.format(address=LOOPBACK)}")
        return ""
    try:
        found = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceUnreachable(f"The name {host} cannot be resolved ({error}).") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if rule.allows(address)]
    if not allowed:
        address = addresses[0]
        said = address if host == address else f"{host} ({address})"
        raise SourceError(f"{said} is a private address. {HOW_TO_ALLOW.format(address=address)}")
    return allowed[0]
