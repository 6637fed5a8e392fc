"""Where a request is to go, whoever calls."""

from gateway.forwarding.loops import passed_before
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.refused_calls import problems
from gateway.refused_calls.problems import Refusal
from gateway.routing.match import match, require_one_route, upstream_target
from gateway.routing.table import Route, RouteTable
from gateway.routing.target import Target, read_target


def destination(head: RequestHead, table: RouteTable, via: str) -> tuple[Route, Target] | Refusal:
    """The route, and the target that its upstream gets; or why the request goes nowhere. `via`: see `Decider`."""
    try:
        target = read_target(head.target)
        found = match(table, head.method, target.path, head.host)
        if target.ambiguities:
            require_one_route(table, found, head.method, target, head.host)
    except BadRequest as error:
        return problems.malformed(error)
    if isinstance(found, tuple):
        return problems.method_not_allowed(found) if found else problems.not_found()
    if found.rewrite is not None:
        inner = upstream_target(target, found.rewrite)
        if inner is None:
            return problems.not_found()
        target = inner
    if passed_before(head, via):
        return problems.loop(route=found.name)
    if (head.content_length or 0) > found.max_body:
        return problems.too_large(found.max_body, route=found.name)
    return found, target
