"""A host with or without a port, as in the field Host and in an absolute target (RFC 9110 section 4.2, 7.2)."""

import ipaddress
import re
from functools import lru_cache

_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")

Authority = tuple[str, int | None]
"""Host, in lower case, and port, if one is named."""


@lru_cache(maxsize=1024)
def parse_authority(text: str) -> Authority | None:
    """None when `text` is not one host, with or without a port."""
    match = _HOST.fullmatch(text)
    if match is None or not _is_address(match[1]):
        return None
    port = None if match[2] is None else int(match[2])
    return None if port is not None and port > 65535 else (match[1].lower(), port)


def are_same(one: Authority, other: Authority, scheme: str) -> bool:
    """Whether both name the same place; without a port it is the scheme's own."""
    return _with_port(one, scheme) == _with_port(other, scheme)


def _is_address(name: str) -> bool:
    if not name.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(name[1:-1])
    except ValueError:
        return False
    return True


def _with_port(authority: Authority, scheme: str) -> tuple[str, int]:
    host, port = authority
    return host, port if port is not None else 443 if scheme.lower() == "https" else 80
