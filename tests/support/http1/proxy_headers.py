"""Headers of the PROXY protocol, version 2, built from what they say."""

import ipaddress

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
TCP4, TCP6, UNIX, UNSPECIFIED = 0x11, 0x21, 0x31, 0x00


def v2(source: str = "203.0.113.7", *, more: bytes = b"", command: int = PROXY) -> bytes:
    """Of a connection from `source`; `more` follows the addresses."""
    address = ipaddress.ip_address(source)
    addresses = address.packed + (b"\x0a\0\0\1" if address.version == 4 else bytes(16)) + b"\x30\x39\x01\xbb"
    return raw_v2(command, TCP4 if address.version == 4 else TCP6, addresses + more)


def raw_v2(command: int, family: int, content: bytes = b"", *, length: int | None = None) -> bytes:
    return (
        SIGNATURE
        + bytes([command, family])
        + (length if length is not None else len(content)).to_bytes(2)
        + content
    )
