"""Who is at the other end: the peer, or the client that a trusted proxy in front of us tells of."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.http1.request import RequestHead

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as that can be believed."""

    client: str
    """The client's address."""
    chain: str
    """`X-Forwarded-For` for the upstream."""
    scheme: str
    host: str
    trusted: bool
    """Whether the peer is one of the trusted proxies."""


class TrustedProxies:
    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self._networks if network.version == parsed.version)

    def origin(self, head: RequestHead, peer: str) -> Origin:
        """What `X-Forwarded-*` say is believed from a trusted proxy alone, and of the list only its trusted end."""
        if peer not in self:
            return Origin(client=peer, chain=peer, scheme="http", host=head.host, trusted=False)
        hops = [hop for value in head.values("x-forwarded-for") for hop in _addresses(value)]
        client = peer
        for hop in reversed(hops):
            client = hop
            if hop not in self:
                break
        return Origin(
            client=client,
            chain=", ".join((*hops, peer)),
            scheme="https" if head.values("x-forwarded-proto") == ["https"] else "http",
            host=next(iter(head.values("x-forwarded-host")), head.host),
            trusted=True,
        )


def _addresses(value: str) -> list[str]:
    found = []
    for part in value.split(","):
        try:
            found.append(str(ipaddress.ip_address(part.strip())))
        except ValueError:
            continue
    return found
