"""Where a request came from: the peer, or the client that the trusted proxies in front of us name."""

from dataclasses import dataclass, field
from functools import lru_cache

from gateway.http1.request_head import RequestHead
from shared.addresses.forwarded_for import TrustedProxies, nearest_trusted

_SCHEMES = {"https": "https", "wss": "https", "http": "http", "ws": "http"}
"""By what `X-Forwarded-Proto` says."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as that can be believed."""

    client: str
    """The client's address."""
    peer: str
    """The other end of the connection: the client itself, or the nearest proxy."""
    chain: str
    """`X-Forwarded-For` for the upstream: it begins with the client."""
    scheme: str
    host: str
    trusted: bool
    """Whether the peer is one of the trusted proxies."""
    lines: str = field(init=False, repr=False, compare=False)
    """The header fields by which an upstream learns it, with CRLF between them."""
    log_fields: dict[str, str] = field(init=False, repr=False, compare=False)
    """For the access log and the audit trail: the client and, when there is one, the nearest trusted proxy."""

    def __post_init__(self) -> None:
        lines = f"X-Forwarded-For: {self.chain}\r\nX-Forwarded-Proto: {self.scheme}"
        object.__setattr__(self, "lines", f"{lines}\r\nX-Forwarded-Host: {self.host}" if self.host else lines)
        logged = {"client": self.client, "proxy": self.peer} if self.trusted else {"client": self.client}
        object.__setattr__(self, "log_fields", logged)


@lru_cache(maxsize=4096)
def unproxied(peer: str, host: str = "", scheme: str = "http") -> Origin:
    """The origin of a request when nothing in it is believed."""
    return Origin(client=peer, peer=peer, chain=peer, scheme=scheme, host=host, trusted=False)


def origin_of(head: RequestHead, peer: str, proxies: TrustedProxies, scheme: str = "http") -> Origin:
    """What `X-Forwarded-*` say is believed from a trusted proxy alone, and of each list only its trusted end.

    `scheme` is that of the connection, and so of a request whose proxy says nothing of it.
    """
    if peer not in proxies:
        return unproxied(peer, head.host, scheme)
    path = proxies.path(peer, head.values("x-forwarded-for"))
    passed = len(path) - 1
    return Origin(
        client=path[0],
        peer=peer,
        chain=", ".join(path),
        scheme=_SCHEMES.get(nearest_trusted(head.values("x-forwarded-proto"), passed), scheme),
        host=nearest_trusted(head.values("x-forwarded-host"), passed) or head.host,
        trusted=True,
    )
