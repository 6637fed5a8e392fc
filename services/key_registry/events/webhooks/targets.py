"""Where webhooks may lead: out, over HTTPS, and never to what only this network is to reach."""

import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARACTERS = 2048
WEB_PORTS = frozenset({80, 443})
_NOT_PUBLIC_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
"""IANA's special-purpose addresses (RFC 6890), multicast, and what is reserved."""
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Within `_PUBLIC_V6`: Teredo and other protocols, examples, and 6to4, which has an IPv4 address inside."""
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?|[0-9A-Fa-f:.]{2,45}")
_VISIBLE = re.compile(r"[!-~]+")


class InvalidTarget(ValueError):
    """No URL to deliver to; the message says why."""


class ForbiddenTarget(ValueError):
    """It leads to where nothing is delivered; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    secure: bool
    host: str
    """A name or an address, without brackets."""
    port: int
    authority: str
    """For the Host header."""
    path: str
    """With the query."""


def parse_target(url: str) -> Target:
    """Raises `InvalidTarget`."""
    if len(url) > MAX_URL_CHARACTERS or _VISIBLE.fullmatch(url) is None or "\\" in url:
        raise InvalidTarget(f"must be a URL of at most {MAX_URL_CHARACTERS} characters, all of them visible ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidTarget("is not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise InvalidTarget("must begin with https://")
    if "@" in parts.netloc:
        raise InvalidTarget("must not hold a user or a password")
    if "#" in url:
        raise InvalidTarget("must not have a fragment")
    host = parts.hostname or ""
    if _HOST.fullmatch(host) is None or port == 0:
        raise InvalidTarget("has no valid host or port")
    secure = parts.scheme == "https"
    default = 443 if secure else 80
    named = f"[{host}]" if ":" in host else host
    authority = named if port in (None, default) else f"{named}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port or default, authority, path)


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    private_networks: Sequence[Network] = ()
    """Those that are allowed although they are not public, and over plain HTTP."""
    own: Collection[tuple[str, int]] = ()
    """Hosts and ports of Passgate's services and stores."""
    platform_ports: Collection[int] = ()
    """Other ports of Passgate's, of whose hosts nothing is known here: those of the gateway and of the console."""

    def check(self, target: Target, addresses: Sequence[Address]) -> None:
        """That all `addresses` of a target may be connected to. Raises `ForbiddenTarget`.

        A port of Passgate's own is refused at any address, since one service has several; but for those of the web,
        which are refused at its own name.
        """
        own_ports = {port for _, port in self.own} - WEB_PORTS
        if target.port in own_ports or (target.host.lower(), target.port) in self.own:
            raise ForbiddenTarget("leads to a port of Passgate's own")
        for address in map(_plain, addresses):
            private = any(address in n for n in self.private_networks if n.version == address.version)
            if private and target.port in self.platform_ports:
                raise ForbiddenTarget("leads to a port of Passgate's own")
            if not private and not is_public(address):
                raise ForbiddenTarget("leads to an address that is not public")
            if not private and not target.secure:
                raise ForbiddenTarget("must begin with https://")


def is_public(address: Address) -> bool:
    """The list is ours: what the standard library takes to be public differs from one version to the next."""
    address = _plain(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped one stands for: a socket connects to it."""
    return getattr(address, "ipv4_mapped", None) or address
