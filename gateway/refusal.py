"""The gateway's own errors, as RFC 9457 problem details."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from gateway.credentials.identity import RefusedCredential
from gateway.http1.fields import Fields
from gateway.http1.request import BadRequest


@dataclass(frozen=True, slots=True)
class Refuse:
    """A request that is not forwarded, and what its sender is told."""

    status: int
    code: str
    """A stable word for machines."""
    description: str
    fields: Fields = ()
    """On top of those that every problem has."""
    cause: str = ""
    """For our log and metrics; never told."""
    closes: bool = False
    """Whether the connection ends: what else it carries cannot be relied upon."""
    route: str = "unmatched"
    credential: RefusedCredential | None = None
    """The credential that was refused, for the audit trail."""


def render(refuse: Refuse, request_id: str) -> tuple[Fields, bytes]:
    """The fields, all but those that frame the message, and the body."""
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(refuse.status).phrase,
            "status": refuse.status,
            "code": refuse.code,
            "detail": refuse.description,
            "request_id": request_id,
        }
    )
    fields = (
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        *refuse.fields,
        ("X-Request-Id", request_id),
    )
    return fields, body


def no_credential(*, route: str) -> Refuse:
    """RFC 6750 section 3.1: no error code for whoever brought no credential."""
    return Refuse(
        401,
        "unauthenticated",
        "a credential is required",
        fields=(("WWW-Authenticate", "Bearer"),),
        cause="no_credential",
        route=route,
    )


def bad_credential(refused: RefusedCredential, *, route: str) -> Refuse:
    """The same answer whatever is wrong with the credential."""
    return Refuse(
        401,
        "invalid_token",
        "the credential is not good",
        fields=(("WWW-Authenticate", 'Bearer error="invalid_token"'),),
        cause=refused.cause,
        route=route,
        credential=refused,
    )


def insufficient_scope(refused: RefusedCredential, scopes: str, *, route: str) -> Refuse:
    """`scopes`: all that the route needs, space-separated."""
    return Refuse(
        403,
        "insufficient_scope",
        "the credential lacks a scope that is needed here",
        fields=(("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scopes}"'),),
        cause=refused.cause,
        route=route,
        credential=refused,
    )


def unavailable(*, retry_after: int, cause: str, route: str) -> Refuse:
    return Refuse(
        503,
        "unavailable",
        "temporarily unavailable",
        fields=(("Retry-After", str(retry_after)),),
        cause=cause,
        route=route,
    )


def loop(*, route: str) -> Refuse:
    return Refuse(400, "loop_detected", "the request came round in a circle", cause="loop", route=route)


def upstream_failed(status: int, cause: str, *, route: str) -> Refuse:
    """502, 503 or 504, without a word on what is behind the gateway."""
    descriptions = {
        502: "the service gave no usable answer",
        503: "the service is away",
        504: "the service is late",
    }
    return Refuse(
        status,
        {502: "bad_gateway", 503: "unavailable", 504: "gateway_timeout"}[status],
        descriptions[status],
        fields=(("Retry-After", "1"),) if status == 503 else (),
        cause=cause,
        route=route,
    )


def not_found() -> Refuse:
    return Refuse(404, "not_found", "there is no such route", cause="no_route")


def malformed(error: BadRequest, *, route: str = "unmatched") -> Refuse:
    allow = (("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),) if error.status == 405 else ()
    return Refuse(
        error.status, error.code, error.description, fields=allow, cause=error.code, closes=True, route=route
    )


def method_not_allowed(methods: tuple[str, ...]) -> Refuse:
    return Refuse(
        405,
        "method_not_allowed",
        f"use {' or '.join(methods)}",
        fields=(("Allow", ", ".join(methods)),),
        cause="method_not_allowed",
    )


def too_large(limit: int, *, route: str) -> Refuse:
    return Refuse(
        413, "too_large", f"the body is larger than {limit} bytes", cause="too_large", route=route, closes=True
    )
