"""Requests that come round in a circle: a gateway names itself in each that it passes on, and knows its name."""

import re

from gateway.field_names import HOPS_FIELD
from gateway.http1.request_head import RequestHead

_HOPS = HOPS_FIELD.lower()
_GATEWAY = re.compile(r"1\.1 passgate-[A-Za-z0-9]{1,64}")
"""A gateway like this one, as it calls itself in `Via`."""


def passed_before(head: RequestHead, via: str) -> bool:
    """Whether the request has been at the gateway that calls itself `via`: it came round in a circle."""
    first = head.block.first
    if "via" not in first and _HOPS not in first:
        return False
    return any(via in value for value in (*head.values("via"), *head.values(_HOPS)))


def hops_line(head: RequestHead, via: str, *, named: bool) -> str:
    """By which loops are recognized (RFC 9110 section 7.6.3), whether the upstream gets to see `Via` or not."""
    first = head.block.first
    if "via" not in first and _HOPS not in first:
        return f"Via: {via}" if named else f"{HOPS_FIELD}: {via}"
    passed = head.values("via")
    parts = (part.strip(" \t") for value in (*passed, *head.values(_HOPS)) for part in value.split(","))
    gateways = [part for part in parts if _GATEWAY.fullmatch(part) is not None]
    if not named:
        return f"{HOPS_FIELD}: {', '.join((*gateways, via))}"
    hidden = [gateway for gateway in gateways if not any(gateway in value for value in passed)]
    return f"Via: {', '.join((*passed, *hidden, via))}"
