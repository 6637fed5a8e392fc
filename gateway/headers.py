"""Header fields on their way through: what outsiders may not say is left out, what the gateway knows is added."""

from gateway.credentials.extract import SECRET_FIELDS
from gateway.credentials.identity import Identity
from gateway.field_names import (
    END_TO_END,
    FORWARDED_PREFIX,
    OWN_PREFIX,
    PLAIN_NAME,
    claims_identity,
    claims_origin,
)
from gateway.http1.fields import HOP_BY_HOP, Fields, tokens
from gateway.http1.request import RequestHead
from gateway.origin import Origin
from gateway.routing.table import Route

_WRITTEN_HERE = HOP_BY_HOP | {"content-length", "expect", "host", "via", "x-request-id"}
_NOT_FOR_CLIENTS = HOP_BY_HOP | {"content-length", "server", "x-powered-by", "x-request-id"}


def upstream_fields(
    head: RequestHead,
    route: Route,
    identity: Identity | None,
    origin: Origin,
    *,
    request_id: str,
    via: str,
) -> Fields:
    """The fields that the upstream gets, all but those that frame the message.

    What a trusted proxy says of where the request came from goes on; what anybody else says of it is dropped, in
    every spelling. What is said of who calls is dropped whoever says it.
    """
    secrets = frozenset[str]() if route.pass_credential else SECRET_FIELDS[route.credential]
    leave_out = _named_in_connection(head.fields) | secrets
    fields = [("Host", route.upstream.authority)]
    for name, value in head.fields:
        lowered = name.lower()
        if lowered in _WRITTEN_HERE or lowered in leave_out or PLAIN_NAME.fullmatch(name) is None:
            continue
        if lowered.startswith((OWN_PREFIX, FORWARDED_PREFIX)) or claims_identity(lowered):
            continue
        if not origin.trusted and claims_origin(lowered):
            continue
        fields.append((name, value))
    fields += [
        ("X-Forwarded-For", origin.chain),
        ("X-Forwarded-Proto", origin.scheme),
        *((("X-Forwarded-Host", origin.host),) if origin.host else ()),
        ("Via", ", ".join((*head.values("via"), via))),
        ("X-Request-Id", request_id),
    ]
    if identity is not None:
        fields += identity_fields(identity)
    return tuple(fields)


def identity_fields(identity: Identity) -> Fields:
    """How an upstream learns who calls."""
    return (
        ("X-Passgate-Company", identity.company),
        ("X-Passgate-Credential", identity.credential),
        ("X-Passgate-Credential-Kind", identity.kind),
        ("X-Passgate-Subject", identity.subject),
        ("X-Passgate-Scope", " ".join(identity.scopes)),
    )


def client_fields(responded: Fields, *, request_id: str) -> Fields:
    """The fields of an upstream's response that the client gets, all but those that frame the message."""
    leave_out = _named_in_connection(responded) | _NOT_FOR_CLIENTS
    kept = [
        (name, value)
        for name, value in responded
        if (lowered := name.lower()) not in leave_out and not lowered.startswith(OWN_PREFIX)
    ]
    return (*kept, ("X-Request-Id", request_id))


def _named_in_connection(fields: Fields) -> frozenset[str]:
    values = [value for name, value in fields if name.lower() == "connection"]
    return frozenset(tokens(values)) - END_TO_END if values else frozenset()
