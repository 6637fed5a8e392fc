"""Header fields on their way through: what outsiders may not say is left out, what the gateway knows is added."""

import re

from gateway.credentials.extract import SECRET_FIELDS
from gateway.credentials.identity import Identity
from gateway.forwarded import Origin
from gateway.http1.fields import HOP_BY_HOP, Fields, tokens
from gateway.http1.request import RequestHead
from gateway.routing.table import Route

_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
"""Any other name may be read as one that it is not: CGI turns `_`, `.` and more into one character."""

OWN_PREFIX = "x-passgate"
_WRITTEN_HERE = HOP_BY_HOP | {"content-length", "expect", "host", "via", "x-request-id"}

_CLAIMS_OF_ORIGIN = frozenset(
    {
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "forwarded",
        "front-end-https",
        "proxy",
        "remote-addr",
        "remote-user",
        "true-client-ip",
        "x-arr-ssl",
        "x-authenticated-user",
        "x-client-cert",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-host",
        "x-http-host-override",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-forwarded-for",
        "x-original-host",
        "x-original-method",
        "x-original-uri",
        "x-original-url",
        "x-originating-ip",
        "x-proxyuser-ip",
        "x-real-ip",
        "x-remote-addr",
        "x-remote-ip",
        "x-remote-user",
        "x-rewrite-url",
        "x-scheme",
        "x-ssl-client-cert",
        "x-url-scheme",
    }
)
"""From anybody but a trusted proxy, these say what is not so: another address, path, method or user."""
_FORWARDED_PREFIX = "x-forwarded"

_END_TO_END = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "content-encoding",
        "content-language",
        "content-location",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "etag",
        "expires",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "last-modified",
        "location",
        "origin",
        "range",
        "referer",
        "retry-after",
        "set-cookie",
        "user-agent",
        "vary",
        "www-authenticate",
        "x-api-key",
        "x-api-token",
        "x-client-prefix",
    }
)
"""`Connection` cannot take these away, whatever it names."""

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

    A trusted proxy's word on where the request came from goes on; anybody else's is dropped in every spelling.
    """
    secrets = frozenset[str]() if route.pass_credential else SECRET_FIELDS[route.credential]
    leave_out = _named_in_connection(head.fields) | secrets
    fields = [("Host", route.upstream.authority)]
    for name, value in head.fields:
        lowered = name.lower()
        if lowered in _WRITTEN_HERE or lowered in leave_out or _PLAIN_NAME.fullmatch(name) is None:
            continue
        if lowered.startswith((OWN_PREFIX, _FORWARDED_PREFIX)):
            continue
        if lowered in _CLAIMS_OF_ORIGIN and not origin.trusted:
            continue
        fields.append((name, value))
    fields += [
        ("X-Forwarded-For", origin.chain),
        ("X-Forwarded-Proto", origin.scheme),
        ("X-Forwarded-Host", origin.host),
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
    """The fields of an upstream's answer that the client gets, all but those that frame the message."""
    leave_out = _named_in_connection(responded) | _NOT_FOR_CLIENTS
    kept = [
        (name, value)
        for name, value in responded
        if (lowered := name.lower()) not in leave_out and not lowered.startswith(OWN_PREFIX)
    ]
    return (*kept, ("X-Request-Id", request_id))


def _named_in_connection(fields: Fields) -> frozenset[str]:
    values = [value for name, value in fields if name.lower() == "connection"]
    return frozenset(tokens(values)) - _END_TO_END if values else frozenset()
