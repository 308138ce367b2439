"""Which network addresses a worker may connect to on behalf of a user; knows no sockets."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# what Python's own list lets through: site-local (RFC 3879 took it back, networks still have it), documentation
NOT_PUBLIC = (ipaddress.ip_network("fec0::/10"), ipaddress.ip_network("3fff::/20"))
NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class AddressRule:
    """Public addresses always; private ones where the operator said so: all of them, or those in `networks`."""

    is_open: bool = False
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> AddressRule:
        """``true``, or addresses and networks divided by commas; nothing private when empty. ValueError otherwise."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        if len(words) == 1 and words[0].lower() in {"true", "yes", "on", "1"}:
            return cls(is_open=True)
        if len(words) == 1 and words[0].lower() in {"false", "no", "off", "0"}:
            return cls()
        return cls(networks=tuple(ipaddress.ip_network(word, strict=False) for word in words))

    def allows(self, address: str) -> bool:
        """May a connection be made to this IP address? A name, or anything that is no address, is refused."""
        return self.is_open or _is_allowed(address, self.networks)


@lru_cache(maxsize=4096)
def _is_allowed(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = unwrap(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return is_public(found) or any(found in network for network in networks if network.version == found.version)


def is_public(address: Address) -> bool:
    """Reachable by anybody on the internet: not private, loopback, link-local, shared, reserved or multicast."""
    if any(address in network for network in NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
