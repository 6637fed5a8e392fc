"""The gateway's own errors, as RFC 9457 problem details."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.credentials.choice import AmbiguousCredential
from gateway.credentials.extract import MAX_PARAMETERS, MalformedQuery, NoCredential
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.http1.request import BadRequest
from gateway.http1.websocket import VERSION
from shared.audit.mismatch import Mismatch
from shared.errors import Unavailable

Fields = tuple[tuple[str, str], ...]
"""Names and values."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not forwarded, and what its sender gets."""

    status: int
    code: str
    """A stable word for machines."""
    description: str
    fields: Fields = ()
    """On top of those that every problem has."""
    cause: str = ""
    """One word for our log and metrics; never sent."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """More on the cause, for the access log alone."""
    closes: bool = False
    """Whether the connection ends: what else it carries cannot be relied upon."""
    route: str = "unmatched"
    credential: RefusedCredential | None = None
    """The credential that was refused, for the audit trail."""
    mismatch: Mismatch | None = None
    """What was sent in another place than the one that the route reads."""


def no_credential(missing: NoCredential, *, route: str) -> Refusal:
    """RFC 6750 section 3.1: no error code for a request without a credential."""
    return Refusal(
        401,
        "unauthenticated",
        missing.description,
        fields=(("WWW-Authenticate", missing.challenge),),
        cause=missing.cause,
        route=route,
    )


def ambiguous_credential(error: AmbiguousCredential, *, route: str) -> Refusal:
    """RFC 6750 section 3.1: more than one method of presenting a credential is `invalid_request`."""
    return Refusal(
        400,
        "invalid_request",
        error.description,
        fields=(("WWW-Authenticate", 'Bearer error="invalid_request"'),),
        cause="ambiguous_credential",
        route=route,
    )


def malformed_query(error: MalformedQuery, *, route: str) -> Refusal:
    """No word on the credential, which may be valid: whoever has it is not to throw it away."""
    return Refusal(
        400,
        error.cause,
        f"the query cannot be read: it must be percent-encoded UTF-8, of {MAX_PARAMETERS} parameters at most",
        cause=error.cause,
        route=route,
    )


def bad_credential(refused: RefusedCredential, *, route: str) -> Refusal:
    """The same response whatever is wrong with the credential."""
    return Refusal(
        401,
        "invalid_token",
        "the credential is invalid",
        fields=(("WWW-Authenticate", 'Bearer error="invalid_token"'),),
        cause=refused.cause,
        route=route,
        credential=refused.without_frames(),
    )


def insufficient_scope(refused: RefusedCredential, scopes: str, missing: str, *, route: str) -> Refusal:
    """`scopes`: all that the route needs, space-separated; `missing`: those of them that the credential lacks."""
    return Refusal(
        403,
        "insufficient_scope",
        f"the credential lacks the scope that is needed here: {missing}",
        fields=(("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scopes}"'),),
        cause=refused.cause,
        route=route,
        credential=refused,
    )


def unavailable(error: Unavailable, *, route: str) -> Refusal:
    """For what cannot be known now, without a word on what it is."""
    return Refusal(
        503,
        "unavailable",
        "temporarily unavailable",
        fields=(("Retry-After", str(error.retry_after)),),
        cause="dependency_unavailable",
        detail={"reason": f"{error.description}: {error.detail}" if error.detail else error.description},
        route=route,
    )


def revoked(identity: Identity, kind: str, id_: str, *, route: str) -> Refusal:
    """For a call that was let through, and whose credential, or what it depends on, has been stopped since."""
    refused = RefusedCredential.of(identity, "revoked", stopped={"kind": kind, "id": id_})
    return bad_credential(refused, route=route)


def origin_not_allowed(*, route: str) -> Refusal:
    """For a WebSocket of a page whose origin the route does not allow."""
    code = "origin_not_allowed"
    return Refusal(403, code, "pages of this origin may not connect", cause=code, route=route, closes=True)


def stale(age: float, *, route: str) -> Refusal:
    """For a call that was let through, and goes on while nobody knows what has been stopped since."""
    return replace(
        unavailable(Unavailable("revocations cannot be followed"), route=route),
        cause="stale",
        detail={"last_confirmed_s": round(age, 1)},
    )


def loop(*, route: str) -> Refusal:
    return Refusal(400, "loop_detected", "the request has passed this gateway before", cause="loop", route=route)


_UPSTREAM_FAILURES = {
    502: ("bad_gateway", "the service sent no valid response"),
    503: ("unavailable", "the service cannot be reached"),
    504: ("gateway_timeout", "the service did not respond in time"),
}
CONNECTIONS_IN_USE = "connections_in_use"
"""The cause of an upstream's refusal when it has no connection to spare."""
CIRCUIT_OPEN = "circuit_open"
"""The cause of a refusal while an upstream is left alone because its calls have failed."""


def upstream_failed(
    status: int, cause: str, *, route: str, detail: Mapping[str, object], retry_after: int = 1
) -> Refusal:
    """502, 503 or 504, without a word on what is behind the gateway. `detail` is for the log."""
    code, description = _UPSTREAM_FAILURES[status]
    if cause == CONNECTIONS_IN_USE:
        code, description = "overloaded", "the service has no connection to spare: all of them are in use"
    return Refusal(
        status,
        code,
        description,
        fields=(("Retry-After", str(retry_after)),) if status == 503 else (),
        cause=cause,
        detail=detail,
        route=route,
    )


def not_found() -> Refusal:
    return Refusal(404, "not_found", "there is no such route", cause="no_route")


_FIELDS_OF_STATUS: Mapping[int, Fields] = {
    405: (("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),),
    426: (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION)),
}
"""RFC 9110 sections 15.5.6 and 15.5.22, RFC 6455 section 4.4."""


def malformed(error: BadRequest, *, route: str = "unmatched") -> Refusal:
    fields = _FIELDS_OF_STATUS.get(error.status, ())
    return Refusal(
        error.status, error.code, error.description, fields=fields, cause=error.code, closes=True, route=route
    )


def internal_error(*, route: str) -> Refusal:
    """For a fault of ours, without a word on it."""
    return Refusal(500, "internal_error", "internal error", cause="internal", closes=True, route=route)


def not_a_trusted_proxy() -> Refusal:
    """At the decision endpoint, which is for trusted proxies alone."""
    code = "not_a_trusted_proxy"
    return Refusal(403, code, "only a proxy that is trusted may ask here", cause=code, route="decision")


def incomplete_description(error: Exception) -> Refusal:
    """At the decision endpoint, for a proxy that does not say what is to be decided upon."""
    code = "incomplete_question"
    return Refusal(400, code, str(error), cause=code, detail={"reason": str(error)}, route="decision")


def not_rewritten(*, route: str) -> Refusal:
    """At the decision endpoint, for a proxy that would forward a path not rewritten, or a session token."""
    return Refusal(
        403,
        "not_rewritten",
        "the proxy must forward what X-Passgate-Target names",
        cause="not_rewritten",
        route=route,
    )


def method_not_allowed(methods: tuple[str, ...]) -> Refusal:
    return Refusal(
        405,
        "method_not_allowed",
        f"use {' or '.join(methods)}",
        fields=(("Allow", ", ".join(methods)),),
        cause="method_not_allowed",
    )


def too_many_bodies(*, route: str) -> Refusal:
    """For a client that sends more bodies at once than it may, or whose body has taken the longest of these."""
    return Refusal(
        429,
        "too_many_requests",
        "too many requests of this client are being sent at once",
        fields=(("Retry-After", "1"),),
        cause="bodies_under_way",
        route=route,
        closes=True,
    )


def too_large(limit: int, *, route: str) -> Refusal:
    return Refusal(
        413, "too_large", f"the body is larger than {limit} bytes", cause="too_large", route=route, closes=True
    )
