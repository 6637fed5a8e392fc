"""The policy of the route that a request is for, be it a preflight, a refused call or one that is let through."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.routing.cors.policy import Cors
from gateway.routing.match import match
from gateway.routing.table import Route, RouteTable
from gateway.routing.target import read_target

METHOD_FIELD = "access-control-request-method"
NOT_ALLOWED = "origin_not_allowed"
"""The cause, in the access log, of a response that allows nothing."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is responded, without a credential and without the upstream."""

    route: str
    lines: tuple[str, ...]
    cause: str


def preflight_of(head: RequestHead, table: RouteTable) -> Preflight | None:
    """None where `head`, of the method OPTIONS, is no preflight, or for a call of a route without a policy."""
    method, origin = head.first(METHOD_FIELD), head.first("origin")
    if method is None or origin is None:
        return None
    route = _route(head, table, method)
    if route is None or route.cors is None:
        return None
    cause = "" if route.cors.allows(origin) else NOT_ALLOWED
    return Preflight(route.name, route.cors.preflight_lines(origin), cause)


def refusal_lines(head: object, routes: Callable[[], RouteTable]) -> tuple[str, ...]:
    """Of a refusal of this request, so that the page that made it can read why."""
    origin = head.first("origin") if isinstance(head, RequestHead) else None
    if origin is None or not isinstance(head, RequestHead):
        return ()
    route = _route(head, routes(), head.method)
    return () if route is None or route.cors is None else route.cors.response_lines(origin)


def response_lines(head: object, cors: Cors) -> tuple[str, ...]:
    """Of an upstream's response to this request."""
    return cors.response_lines(head.first("origin") if isinstance(head, RequestHead) else None)


def _route(head: RequestHead, table: RouteTable, method: str) -> Route | None:
    try:
        target = read_target(head.target)
    except BadRequest:
        return None
    found = match(table, method, target.path, head.host)
    return found if isinstance(found, Route) else None
