"""Who the client is: the one algorithm that reads `X-Forwarded-For`, and how the gateway passes on what it found.

Only the gateway knows which balancers stand before it, so only it can read `X-Forwarded-For`. It names the client's
address to our own services in a field of its own, beside a service token that is valid for this purpose alone. The
services believe that token, and never the address that a connection merely comes from.
"""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from multidict import CIMultiDictProxy

from shared.clock import Clock
from shared.errors import Forbidden, Unauthenticated
from shared.service_tokens import ServiceAuthenticator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT_ADDRESS_FIELD = "X-Passgate-Client-Address"
CLIENT_ADDRESS_PROOF_FIELD = "X-Passgate-Service-Token"
CLIENT_ADDRESS_PURPOSE = "client_address"
"""The purpose of the service token in `CLIENT_ADDRESS_PROOF_FIELD`, and the area that it opens."""

MAX_HOPS = 32
"""Addresses of a path that are looked at: more balancers in a row there never are."""

IPV6_BLOCK_BITS = 64
"""Who has an IPv6 address has a network of this size at least, and so any number of addresses."""

MAX_HOP_LENGTH = 64
"""Characters of one hop: an address with brackets, a port and quotes is shorter."""

# RFC 7239 section 6, whose forms balancers also write in X-Forwarded-For.
_PORT = r"(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?"
_IPV6 = r"([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)"
_NODE = re.compile(rf"([0-9.]+){_PORT}|\[{_IPV6}\]{_PORT}|{_IPV6}")


@lru_cache(maxsize=8192)
def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address; an IPv4 one that is mapped into IPv6 is the IPv4 one, so that a client has one address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def address_block(address: str) -> str:
    """What counts as one client: an IPv4 address, and of an IPv6 one its /64. What is no address stays as it is."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_BLOCK_BITS), strict=False))


def parse_hop(text: str) -> str | None:
    """The address in one member of `X-Forwarded-For`, in its one spelling; None when there is none in it.

    Understood: `192.0.2.1`, `192.0.2.1:port`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:port`, each also in
    double quotes. Not readable: `unknown`, obfuscated names (`_x`), host names, nothing.
    """
    node = text.strip(" \t")
    if len(node) >= 2 and node[0] == node[-1] == '"':
        node = node[1:-1]
    match = _NODE.fullmatch(node) if len(node) <= MAX_HOP_LENGTH else None
    address = None if match is None else parse_address(match[1] or match[2] or match[3])
    return None if address is None else str(address)


class TrustedProxies:
    """The balancers in front of the gateway: what they say of where a request came from is believed."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: str) -> bool:
        parsed = parse_address(address) if self._networks else None
        return parsed is not None and any(
            parsed in network for network in self._networks if network.version == parsed.version
        )

    def path(self, peer: str, forwarded_for: Sequence[str]) -> tuple[str, ...]:
        """The addresses that a request came over, as far as they can be believed: client first, `peer` last.

        Each trusted address vouches for the one before it. The walk ends at the first that is not trusted, which is
        the client, and before one that cannot be read: what stands further left may be forged.
        `forwarded_for`: the values of the fields, in their order.
        """
        parsed = parse_address(peer)
        path = [peer if parsed is None else str(parsed)]
        hops = ",".join(forwarded_for).split(",") if forwarded_for else []
        while hops and len(path) < MAX_HOPS and path[0] in self:
            hop = parse_hop(hops.pop())
            if hop is None:
                break
            path.insert(0, hop)
        return tuple(path)


def nearest_trusted(values: Sequence[str], proxies: int) -> str:
    """Of a list to which each proxy appends its own member, the one that the proxy nearest to the client wrote.

    `proxies`: how many trusted proxies the request came over. A shorter list was overwritten on its way: then it is
    the first member. Members are in lower case, without quotes; "" when there is none.
    """
    members = ",".join(values).split(",") if values else [""]
    return members[-min(max(proxies, 1), len(members))].strip(' \t"').lower()


class IncomingRequest(Protocol):
    """What is needed of a request, whatever library received it."""

    @property
    def remote(self) -> str | None:
        """The other end of the connection."""
        ...

    @property
    def headers(self) -> "CIMultiDictProxy[str]": ...


class ClientAddress:
    """The client's address, at a service of ours: what the gateway says, if it proves that it is the gateway.

    From anybody else it is the address that the connection comes from. `authenticator` must be for the purpose
    `CLIENT_ADDRESS_PURPOSE`.
    """

    def __init__(self, authenticator: ServiceAuthenticator) -> None:
        self._authenticator = authenticator

    @classmethod
    def from_file(cls, path: Path, *, callee: str, clock: Clock | None = None) -> "ClientAddress":
        """For the service `callee`. Raises `ConfigError` when the file is no JWKS."""
        return cls(ServiceAuthenticator.from_file(path, callee=callee, clock=clock, purpose=CLIENT_ADDRESS_PURPOSE))

    def of(self, request: IncomingRequest) -> str:
        peer = request.remote or ""
        named = request.headers.getall(CLIENT_ADDRESS_FIELD, ())
        proofs = request.headers.getall(CLIENT_ADDRESS_PROOF_FIELD, ())
        if len(named) != 1 or len(proofs) != 1:
            return peer
        try:
            self._authenticator.require(f"Bearer {proofs[0]}", CLIENT_ADDRESS_PURPOSE)
        except (Unauthenticated, Forbidden):
            return peer
        return parse_hop(named[0]) or peer
