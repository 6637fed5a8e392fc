"""The head of the client's request, from what a proxy passes on of it: read as if the client had sent it here."""

from collections.abc import Sequence

from gateway.decision_endpoint.dialect import DecisionPath, IncompleteDescription
from gateway.field_names import FORWARDED_PREFIX, OWN_PREFIX, PLAIN_NAME, claims_identity, claims_origin
from gateway.http1.fields import HOP_BY_HOP
from gateway.http1.known_heads import read_head
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from shared.addresses.forwarded_for import TrustedProxies, nearest_trusted

RawFields = Sequence[tuple[bytes, bytes]]
"""Names and values, as they arrived."""

_OF_THE_PROXY = HOP_BY_HOP | {"content-length", "expect", "host", "x-request-id"}
"""What a proxy says of its own message to us: bodies and connections are its business.

Without the id, which is another one each time, the head of a call that comes again is the same, and is found.
"""
_FORWARDED_FOR, _FORWARDED_HOST = "x-forwarded-for", "x-forwarded-host"


def described_head(
    method: str, path: DecisionPath, fields: RawFields, peer: str, proxies: TrustedProxies
) -> RequestHead:
    """The client's request, as the proxy at `peer` describes it. `method` is that of the proxy's own request.

    Raises `BadRequest` when it would be refused if it came here, `IncompleteDescription` when it is not described.
    """
    given, dialect = _decoded(fields), path.dialect
    if dialect.target_field:
        method, target = _one(given, dialect.method_field), _one(given, dialect.target_field)
    else:  # it is the client's own request: so is its Host, and what stands beside it anybody may have written
        target = path.target
        given = [field for field in given if field[0] != _FORWARDED_HOST]
    if not target.startswith("/"):
        raise BadRequest("the target must begin with a slash")
    if not any(name == _FORWARDED_FOR for name, _, _ in given):
        raise IncompleteDescription("X-Forwarded-For is missing: it names the client")
    left_out = _OF_THE_PROXY | {dialect.method_field, dialect.target_field}
    lines = [f"{method} {target} HTTP/1.1", f"Host: {_host(given, peer, proxies)}"]
    lines += [f"{spelled}: {value}" for name, spelled, value in given if name not in left_out]
    if any("\r" in line or "\n" in line for line in lines):
        raise BadRequest("the head holds a CR or LF alone")
    head = read_head("\r\n".join(lines).encode("latin-1"))
    for field in head.block.fields:
        if PLAIN_NAME.fullmatch(field.name) is None and _is_ours(field.folded):
            raise BadRequest("a header name is spelled like one that only a proxy may write")
    return head


def _is_ours(name: str) -> bool:
    """Whether a service may take a field of this name for the gateway's or a proxy's word.

    The gateway leaves out what merely reads like such a name. A proxy passes it on, as many cannot even name it, so
    here it is refused.
    """
    return name.startswith((OWN_PREFIX, FORWARDED_PREFIX)) or claims_identity(name) or claims_origin(name)


def _decoded(fields: RawFields) -> list[tuple[str, str, str]]:
    """Names in lower case, names as they are spelled, and values."""
    texts = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)
    return [(name.lower(), name, value) for name, value in texts]


def _one(given: Sequence[tuple[str, str, str]], wanted: str) -> str:
    values = [value for name, _, value in given if name == wanted]
    if len(values) != 1 or not values[0]:
        raise IncompleteDescription(f"{wanted.title()} must be there once")
    return values[0]


def _host(given: Sequence[tuple[str, str, str]], peer: str, proxies: TrustedProxies) -> str:
    """The host that the client named: as the proxies say, or as it is passed on."""
    named = [value for name, _, value in given if name == _FORWARDED_HOST]
    if not named:
        return next((value for name, _, value in given if name == "host"), "")
    hops = proxies.path(peer, [value for name, _, value in given if name == _FORWARDED_FOR])
    if len(hops) <= 2:  # the proxy that asks has the client's Host: all of it, as the service gets all of it
        return named[-1]
    return nearest_trusted(named, len(hops) - 1)
