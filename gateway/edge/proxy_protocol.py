"""The PROXY protocol, versions 1 and 2: whose connection it is that a balancer passes on.

Section numbers are those of HAProxy's proxy-protocol.txt. What cannot be a header is found out with its first byte,
and nothing is looked at twice that a sender chooses the length of.
"""

import ipaddress
from typing import NamedTuple

V1_BEGIN = b"PROXY "
MAX_V1_BYTES = 107
"""CRLF included (section 2.1)."""
V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V2_HEAD_BYTES = 16
MAX_V2_BYTES = 4096
"""With what balancers add to the addresses; 65,551 would be the protocol's own bound."""

_LOCAL, _PROXY = 0x20, 0x21
_SOURCES = {0x11: (4, 12), 0x21: (16, 36)}
"""Of TCP over IPv4 and IPv6: bytes of the source's address, and of both addresses with their ports."""
_WITHOUT_ADDRESS = frozenset({0x00, 0x31})
"""Unspecified, and Unix streams: where the connection comes from has no address."""


class MalformedHeader(Exception):
    """What arrived is no PROXY header; the message says why."""


class Header(NamedTuple):
    source: str
    """The client's address in its one spelling; "" where the connection is the balancer's own, or of no address."""
    length: int
    """Bytes of the header."""


def begins_header(data: bytes) -> bool | None:
    """Whether `data` begins a header of either version; None while too little of it is there to say."""
    for signature in (V1_BEGIN, V2_SIGNATURE):
        if data.startswith(signature):
            return True
        if signature.startswith(data):
            return None
    return False


def read_header(data: bytes) -> Header | None:
    """The header that `data` begins with; None while it is not complete. Raises `MalformedHeader`."""
    if data.startswith(V1_BEGIN):
        return _read_v1(data)
    if data.startswith(V2_SIGNATURE):
        return _read_v2(data)
    if begins_header(data) is None:
        return None
    raise MalformedHeader("it begins with something else")


def _read_v1(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, MAX_V1_BYTES)
    if end < 0:
        if len(data) >= MAX_V1_BYTES:
            raise MalformedHeader(f"a line of version 1 is longer than {MAX_V1_BYTES} bytes")
        return None
    parts = data[:end].split(b" ")
    if parts[1] == b"UNKNOWN":  # what follows it is to be ignored
        return Header("", end + 2)
    if len(parts) != 6 or parts[1] not in (b"TCP4", b"TCP6"):
        raise MalformedHeader("a line of version 1 is not of the form that it has for TCP4 and TCP6")
    version = 4 if parts[1] == b"TCP4" else 6
    source, _ = _address(parts[2], version), _address(parts[3], version)
    for port in parts[4:]:
        _require_port(port)
    return Header(source, end + 2)


def _address(text: bytes, version: int) -> str:
    try:
        address = ipaddress.ip_address(text.decode("ascii"))
    except ValueError:
        raise MalformedHeader("an address of version 1 is malformed") from None
    if address.version != version or b"%" in text:
        raise MalformedHeader("an address of version 1 is not of its family")
    return _one_spelling(address)


def _require_port(text: bytes) -> None:
    """Raises `MalformedHeader` unless it is 0 to 65535 without leading zeros."""
    if not (text.isdigit() and len(text) <= 5 and int(text) <= 65535) or (text[:1] == b"0" and text != b"0"):
        raise MalformedHeader("a port of version 1 is malformed")


def _read_v2(data: bytes) -> Header | None:
    if len(data) < V2_HEAD_BYTES:
        return None
    command, family = data[12], data[13]
    content = int.from_bytes(data[14:16])
    length = V2_HEAD_BYTES + content
    if command not in (_LOCAL, _PROXY):
        raise MalformedHeader("version or command of version 2 are unknown")
    if length > MAX_V2_BYTES:
        raise MalformedHeader(f"a header of version 2 is longer than {MAX_V2_BYTES} bytes")
    source_bytes, needed = _SOURCES.get(family, (0, 0))
    if command == _PROXY and not source_bytes and family not in _WITHOUT_ADDRESS:
        raise MalformedHeader("the family or protocol of version 2 is not one of a stream")
    if command == _PROXY and content < needed:
        raise MalformedHeader("a header of version 2 is shorter than its addresses")
    if len(data) < length:
        return None
    if command == _LOCAL or not source_bytes:  # whatever a local one holds is skipped (section 2.2)
        return Header("", length)
    source = ipaddress.ip_address(data[V2_HEAD_BYTES : V2_HEAD_BYTES + source_bytes])
    return Header(_one_spelling(source), length)


def _one_spelling(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An IPv4 address that is mapped into IPv6 is the IPv4 one: a client has one address."""
    return str(getattr(address, "ipv4_mapped", None) or address)
