"""Header fields on their way through: what outsiders may not say is left out, what the gateway knows is added.

Fields are lines of a head: a name, a colon, one blank and the value. Several may be one item, with CRLF between.
"""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from gateway.credentials.identity import Identity
from gateway.edge.client_origin import Origin
from gateway.field_names import (
    END_TO_END,
    FORWARDED_PREFIX,
    NOT_FOR_CLIENTS,
    OWN_PREFIX,
    PLAIN_NAME,
    WRITTEN_FOR_UPSTREAMS,
    claims_identity,
    claims_origin,
)
from gateway.forwarding.loops import hops_line
from gateway.http1.fields import Field, tokens
from gateway.http1.request_head import RequestHead
from gateway.http1.response import ResponseHead
from gateway.http1.writer import date_line
from gateway.routing.table import Route, Upstream

_MAX_CACHED_NAME_LENGTH = 64
"""Characters. Senders choose the names: what is cached of them is bounded by this and by the caches' size."""
_MAX_MEMO = 16
"""Of what is cached with one block of fields: a client may send the same one to any number of routes."""


class Passage(Enum):
    """Whether a field that came from outside goes on to an upstream."""

    ALWAYS = "always"
    FROM_TRUSTED_PROXY = "from a trusted proxy"
    NEVER = "never"


def _passage(name: str) -> Passage:
    """Of a field of this name, in lower case: one that may be read as another name never goes on."""
    if name in WRITTEN_FOR_UPSTREAMS or PLAIN_NAME.fullmatch(name) is None:
        return Passage.NEVER
    if name.startswith((OWN_PREFIX, FORWARDED_PREFIX)) or claims_identity(name):
        return Passage.NEVER
    return Passage.FROM_TRUSTED_PROXY if claims_origin(name) else Passage.ALWAYS


_cached_passage = lru_cache(maxsize=4096)(_passage)


def upstream_lines(
    head: RequestHead,
    route: Route,
    identity: Identity | None,
    origin: Origin,
    *,
    via: str,
) -> list[str]:
    """The fields that the upstream gets, all but those that frame the message and those of `call_lines`.

    What a trusted proxy says of where the request came from goes on; what anybody else says of it is dropped, in
    every spelling. What is said of who calls is dropped whoever says it.
    """
    lines = [f"Host: {(route.preserve_host and head.host) or route.upstream.authority}"]
    withheld = route.withheld
    depends_on = (withheld, origin.trusted)
    passed_on = head.block.memo.get(depends_on)
    if passed_on is None:
        if len(head.block.memo) >= _MAX_MEMO:
            head.block.memo.clear()
        passed_on = head.block.memo[depends_on] = _passed_on(
            head, head.block.fields, withheld, trusted=origin.trusted
        )
    if passed_on:
        lines.append(passed_on)
    credential = head.credential
    if credential is not None and credential.name not in withheld:
        lines.append(credential.line)
    lines.append(origin.lines)
    lines.append(hops_line(head, via, named=route.via))
    if identity is not None:
        lines.append(identity.lines)
    if route.request_headers is not None:
        lines += route.request_headers.lines
    return lines


def call_lines(head: RequestHead, withheld: frozenset[str], request_id: str, *, trusted: bool) -> str:
    """The fields that the upstream gets and that differ from call to call."""
    line = f"X-Request-Id: {request_id}"
    if head.call_fields and (passed_on := _passed_on(head, head.call_fields, withheld, trusted=trusted)):
        return f"{line}\r\n{passed_on}"
    return line


def _passed_on(head: RequestHead, fields: Sequence[Field], leave_out: frozenset[str], *, trusted: bool) -> str:
    """Of these fields of the head, those that go on as they came."""
    if head.first("connection") is not None:  # R23, RFC 9110 section 7.6.1
        leave_out |= _named_in(tokens(head.values("connection")))
    lines = []
    for field in fields:
        name = field.name
        passes = _cached_passage(name) if len(name) <= _MAX_CACHED_NAME_LENGTH else _passage(name)
        if (passes is Passage.ALWAYS or (trusted and passes is not Passage.NEVER)) and name not in leave_out:
            lines.append(field.line)
    return "\r\n".join(lines)


def addressed_to(lines: list[str], upstream: Upstream, authority: str) -> list[str]:
    """The upstream's lines for that one of its addresses which the call goes to."""
    first, *others = lines
    host = f"Host: {upstream.authority}"
    if first != host and not first.startswith(f"{host}\r\n"):  # the client's own
        return lines
    return [f"Host: {authority}{first[len(host) :]}", *others]


def client_lines(response: ResponseHead, *, request_id: str) -> list[str]:
    """The fields of an upstream's response that the client gets, all but those that frame the message."""
    passed_on = response.passed_on
    if passed_on is None:
        passed_on = response.passed_on = _passed_back(response)
    lines = [passed_on] if passed_on else []
    if not response.dated:
        lines.append(date_line())
    lines.append(f"X-Request-Id: {request_id}")
    return lines


def _passed_back(response: ResponseHead) -> str:
    leave_out = NOT_FOR_CLIENTS
    if response.connection:
        leave_out |= _named_in(response.connection)
    return "\r\n".join(
        field.line
        for field in response.fields
        if field.name not in leave_out and not field.name.startswith(OWN_PREFIX)
    )


def _named_in(connection: list[str]) -> frozenset[str]:
    """What `Connection` names is for the next hop alone, but for what it cannot take away (R23)."""
    return frozenset(connection) - END_TO_END
