"""`X-Forwarded-For`: the one algorithm that reads it, and the proxies whose word in it is believed."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_HOPS = 32
"""Addresses of a path that are looked at: more balancers in a row there never are."""

MAX_HOP_CHARACTERS = 64
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


def parse_hop(text: str) -> str | None:
    """The address in one member of `X-Forwarded-For`, in its one spelling; None when there is none in it.

    Understood: `192.0.2.1`, `192.0.2.1:port`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:port`, each also in
    double quotes. Not readable: `unknown`, obfuscated names (`_x`), host names, nothing.
    """
    node = text.strip(" \t")
    if len(node) >= 2 and node[0] == node[-1] == '"':
        node = node[1:-1]
    match = _NODE.fullmatch(node) if len(node) <= MAX_HOP_CHARACTERS else None
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
