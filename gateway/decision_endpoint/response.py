"""What a proxy gets: fields to set on the request that it forwards, or the client's refusal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.client_address_proof import PROOF_FIELDS
from gateway.decision_endpoint.dialect import AUTH_REQUEST, DecisionPath
from gateway.field_names import HOPS_FIELD, OWN_PREFIX
from gateway.forwarding.forward import Decision
from gateway.http1.request import BadRequest
from gateway.refused_calls import problems
from gateway.refused_calls.problems import Fields, Refusal
from gateway.refused_calls.response import render
from gateway.routing.cors.preflight import Preflight

_NOT_IDENTITY = PROOF_FIELDS | {HOPS_FIELD.lower()}
TARGET_FIELD = "X-Passgate-Target"
"""What is to be forwarded: the path in its one spelling, and the query that the upstream gets."""
ROUTE_FIELD = "X-Passgate-Route"
"""The route's name, by which a proxy may choose the upstream."""
PROBLEM_FIELD = "X-Passgate-Problem"
"""The body of a refusal once more, for nginx, which drops the body of a response to auth_request."""


@dataclass(frozen=True, slots=True)
class DecisionResponse:
    """Of the decision endpoint."""

    status: int
    fields: Fields
    body: bytes = b""


def forwarded_as_described(decision: Decision, target: str, path: DecisionPath) -> Decision:
    """`decision`, or a refusal where the proxy would forward something else than what was decided upon.

    `target` is that in the proxy's description of the request; an empty query is none.
    """
    if isinstance(decision, Refusal) or path.rewrites or decision.target in (target, target.removesuffix("?")):
        return decision
    route = decision.route
    if route.rewrite is None and decision.target.partition("?")[0] != target.partition("?")[0]:
        return problems.malformed(
            BadRequest("the path must be written without needless escapes", code="malformed_target"),
            route=route.name,
        )
    return problems.not_rewritten(route=route.name)


def decision_response(
    decision: Decision, request_id: str, path: DecisionPath | None, lines: Sequence[str] = ()
) -> DecisionResponse:
    """`path` is None where no request was described, which is refused. `lines`: further fields of the response."""
    more = _fields(lines)
    if isinstance(decision, Refusal):
        own, body = render(decision, request_id)
        fields = (*own, *more)
        if path is not None and path.dialect is AUTH_REQUEST:
            fields = (*fields, (PROBLEM_FIELD, body.decode()))
        return DecisionResponse(decision.status, fields, body)
    return DecisionResponse(
        200,
        (
            ("Cache-Control", "no-store"),
            *_own_fields(decision.lines),
            (TARGET_FIELD, decision.target),
            (ROUTE_FIELD, decision.route.name),
            ("X-Request-Id", request_id),
            *more,
        ),
    )


def preflight_response(preflight: Preflight, request_id: str) -> DecisionResponse:
    """For a proxy that takes 200 alone for leave to forward: it passes this on to the page."""
    return DecisionResponse(204, (*_fields(preflight.lines), ("X-Request-Id", request_id)))


def _own_fields(lines: list[str]) -> Fields:
    """Of the fields that the gateway would send upstream, those that say who calls.

    What proves to our own services that the gateway is calling is given to nobody else, and which gateways a
    request has passed is for who forwards it to say.
    """
    return tuple(
        (name, value)
        for name, value in _fields(line for item in lines for line in item.split("\r\n"))
        if name.lower().startswith(OWN_PREFIX) and name.lower() not in _NOT_IDENTITY
    )


def _fields(lines: Iterable[str]) -> Fields:
    parted = (line.partition(": ") for line in lines)
    return tuple((name, value) for name, _, value in parted)
