"""Where an upstream may be: over HTTP, and never at what would hand out this machine's own secrets or itself."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_METADATA = tuple(
    map(ipaddress.ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128"))
)
"""Link-local, and the addresses at which clouds serve a machine its credentials."""
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data", "metadata.azure.internal"})
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?|[0-9A-Fa-f:.]{2,45}")
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


class BadAddress(ValueError):
    """Not to be forwarded to; the message says why."""


@dataclass(frozen=True, slots=True)
class OwnPorts:
    """Where this gateway itself listens: to forward there would be a loop, or open what operators alone may see."""

    host: str
    """One address, or several with commas."""
    ports: frozenset[int]
    issuer: str = ""
    """`iss` of Passgate's own tokens, which are no other issuer's."""

    def include(self, host: str, port: int) -> bool:
        if port not in self.ports:
            return False
        own = self.host.lower().replace(" ", "").split(",")
        if host.lower() in own or is_this_machine(host):
            return True
        return any(map(_is_any_address, own)) and has_address(host)


NO_PORTS = OwnPorts("", frozenset())


def parse_address(url: str, own: OwnPorts) -> tuple[str, str, int]:
    """Scheme, host and port of an upstream's URL. Raises `BadAddress`."""
    if not url.isascii() or not url.isprintable():  # urlsplit leaves such characters out
        raise BadAddress("is not a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("is not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise BadAddress("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise BadAddress("must not hold a user or a password")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadAddress("must be scheme, host and port only: paths go through as they are")
    host = parts.hostname or ""
    if _HOST.fullmatch(host) is None or port == 0:
        raise BadAddress("has no valid host or port")
    port = port or (443 if parts.scheme == "https" else 80)
    if is_metadata(host):
        raise BadAddress("is a link-local or metadata address")
    if own.include(host, port):
        raise BadAddress("is this gateway itself")
    return parts.scheme, host, port


def place_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL that is known to be valid, spelled as `parse_address` spells them."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def is_metadata(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host.lower().rstrip(".") in _METADATA_NAMES
    return any(address in network for network in _METADATA if network.version == address.version)


def is_address(host: str) -> bool:
    """Whether it is an address, and no name."""
    return _address(host) is not None


def is_this_machine(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return host.lower().rstrip(".") in _LOCAL_NAMES


def has_address(host: str) -> bool:
    """Whether it is the address of one of this machine's own interfaces."""
    address = _address(host)
    if address is None:
        return False
    with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))  # the system refuses any other
        except OSError:
            return False
    return True


def _is_any_address(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_unspecified


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a resolver would take `host` for, in whatever base it is written."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))  # 0xa9fea9fe, 2852039166, 0251.0376.1
        except OSError:
            return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or _nat64(address) or address
    return address


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside one of RFC 6052's well-known prefix."""
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
