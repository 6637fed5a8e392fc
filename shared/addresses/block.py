"""Which addresses count as one client."""

import ipaddress
from functools import lru_cache

from shared.addresses.forwarded_for import parse_address

IPV6_BLOCK_BITS = 64
"""Who has an IPv6 address has a network of this size at least, and so any number of addresses."""


@lru_cache(maxsize=8192)
def address_block(address: str) -> str:
    """What counts as one client: an IPv4 address, and of an IPv6 one its /64. What is no address stays as it is."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.IPv6Network((int(parsed), IPV6_BLOCK_BITS), strict=False))
