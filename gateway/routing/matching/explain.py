"""Which route takes a request, and why not another one that could: for people who write route files."""

from dataclasses import dataclass

from gateway.http1.request import BadRequest, parse_head
from gateway.http1.request_head import RequestHead
from gateway.routing.match import is_reserved, match, require_one_route, upstream_target
from gateway.routing.matching.hosts import canonical_host, host_matches, host_specificity
from gateway.routing.table import Route, RouteTable
from gateway.routing.target import read_target


@dataclass(frozen=True)
class Explanation:
    status: int
    """Of the gateway's own response; 0 when the request is forwarded, if its credential is valid."""
    reason: str
    """Why there is no route; "" when there is one."""
    route: Route | None = None
    forwarded: str = ""
    """The target that the upstream gets."""
    others: tuple[tuple[Route, str], ...] = ()
    """Routes that stand for host and path as well, each with why the more specific one comes first; where there is
    no route, those that stand for the path and another host."""


def explain(table: RouteTable, method: str, url: str) -> Explanation:
    """What the gateway does with a request for `url`, which may be a path alone: a request that names no host."""
    try:
        head = _head(method, url)
        target = read_target(head.target)
        found = match(table, method, target.path, head.host)
        if target.ambiguities:
            require_one_route(table, found, method, target, head.host)
    except BadRequest as error:
        return Explanation(error.status, error.description)
    if is_reserved(target.path):
        return Explanation(404, "the path is reserved for services and operators, and never routed")
    matching = _matching(table, head, target.path)
    if isinstance(found, tuple):
        if not found:
            return _of_another_host(table, canonical_host(head.host), target.path)
        best = matching[0]
        others = tuple((route, _why(best, route)) for route in matching if _rank(route) != _rank(best))
        same = ", ".join(f"{route.name} (line {route.line})" for route in matching if _rank(route) == _rank(best))
        return Explanation(405, f"the most specific path is that of {same}, with {', '.join(found)}", others=others)
    inner = target if found.rewrite is None else upstream_target(target, found.rewrite)
    if inner is None:
        return Explanation(404, f"what route {found.name} would forward is reserved for services and operators")
    others = tuple((route, _why(found, route)) for route in matching if route is not found)
    return Explanation(0, "", found, str(inner), others)


def _head(method: str, url: str) -> RequestHead:
    """As HTTP/1.0, which names a host in its target or not at all. Raises `BadRequest`."""
    if not url.lower().startswith(("http://", "https://", "/")):
        raise BadRequest("the URL must begin with http://, https:// or /")
    line = f"{method} {url} HTTP/1.0"
    if not (line.isascii() and line.isprintable()) or "#" in url:
        raise BadRequest("the URL holds a character that no request does")
    return parse_head(line.encode())


def _matching(table: RouteTable, head: RequestHead, path: str) -> list[Route]:
    """By the plain definition: the most specific first."""
    host = canonical_host(head.host)
    found = [route for route in table.routes if host_matches(route.host, host) and route.pattern.matches(path)]
    return sorted(found, key=_rank)


def _of_another_host(table: RouteTable, host: str, path: str) -> Explanation:
    others = tuple(
        (route, f"its host is {route.host}")
        for route in sorted(table.routes, key=_rank)
        if route.host and route.pattern.matches(path)
    )
    sent = f"the host {host}" if host else "a request without a host"
    return Explanation(404, f"no route stands for {sent} and this path", others=others)


def _rank(route: Route) -> tuple[object, ...]:
    return host_specificity(route.host), route.pattern.specificity


def _why(first: Route, other: Route) -> str:
    """Why `first` is looked at before `other`."""
    if host_specificity(first.host) != host_specificity(other.host):
        if not other.host:
            return "it has no host"
        return "its host begins with *." if not first.host.startswith("*.") else "its host is less specific"
    if first.pattern == other.pattern:
        return f"it is for {', '.join(sorted(other.methods or ()))}"
    if other.prefix and not first.prefix:
        return "it is a prefix"
    if len(first.pattern.segments) != len(other.pattern.segments) or not other.pattern.prefix:
        return "its prefix is shorter" if other.prefix else "it names a segment that the other spells out"
    if first.pattern.segments != other.pattern.segments:
        return "it names a segment that the other spells out"
    return "its prefix is shorter"
