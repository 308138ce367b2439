"""Refuses connections to addresses that a crawl may not reach: where they are made, on what the name resolved to.

Redirects, names that change their address and addresses written in odd ways all come through here.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectError

from lifecycle.contracts.addresses import AddressRule


class AddressRefused(ConnectError):
    """The name leads to an address that the operator does not allow."""

    def __init__(self, address: str):
        super().__init__(string=f"{address} is a private address")
        self.address = address


def guard_reactor(reactor: Any, rule: AddressRule) -> None:
    """From now on every TCP connection of `reactor` is checked. Fails closed: what is no IP address is refused."""
    connect = reactor.connectTCP

    def connect_checked(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if not rule.allows(host):
            raise AddressRefused(host)
        return connect(host, port, *arguments, **options)

    reactor.connectTCP = connect_checked


def find_refusal(error: BaseException | None) -> AddressRefused | None:
    """The refusal among the causes of an error."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, AddressRefused):
            return error
        reasons = getattr(error, "reasons", None) or ()
        for reason in reasons:
            if found := find_refusal(getattr(reason, "value", None)):
                return found
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None
