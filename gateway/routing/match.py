"""Which route a request is for."""

from gateway.http1.request import BadRequest
from gateway.routing.matching.hosts import Scope
from gateway.routing.matching.path_index import PathIndex
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.table import Route, RouteTable
from gateway.routing.target import Target, readings, require_allowed

RESERVED = ("/internal", "/metrics", "/health")
"""Never routed, here or below: these paths are for services and operators alone."""

MAX_CACHED_PATH_LENGTH = 256


def is_reserved(path: str) -> bool:
    lowered = path.lower()
    return any(lowered == reserved or lowered.startswith(reserved + "/") for reserved in RESERVED)


def match(table: RouteTable, method: str, path: str, host: str = "") -> Route | tuple[str, ...]:
    """The route, or the methods that there are for the path: none when the path is not routed at all.

    `host` is the request's field Host. The most specific host and path decide alone: another route that would take
    the method is not looked for. HEAD is served wherever GET is (RFC 9110 section 9.3.2).
    """
    hosts = table.hosts
    scope: PathIndex[Route] | Scope[Route]
    key: tuple[object, ...]
    if hosts is None:
        scope, key = table.any_host, (method, path)
    else:
        scope = hosts.scope(host)
        key = (method, path, scope.number)
    found = table.matched.get(key)
    if found is None:
        found = _match(scope, method, path)
        if len(path) <= MAX_CACHED_PATH_LENGTH:
            table.matched.put(key, found)
    return found


def require_one_route(
    table: RouteTable, route: Route | tuple[str, ...], method: str, target: Target, host: str
) -> None:
    """Of a path that holds what servers read differently: whatever the upstream makes of it must be this route's.

    Raises `BadRequest` when the route does not allow it, or another reading of the path is another route's, no
    route's, or reserved.
    """
    require_allowed(target, route.path_may_hold if isinstance(route, Route) else frozenset())
    for reading in readings(target.path):
        found = match(table, method, reading, host)
        if found is not route and (isinstance(route, Route) or found != route):
            raise BadRequest(
                "the path is for another route, or none, when it is read in another way", code="malformed_target"
            )


def upstream_target(target: Target, rewrite: PrefixRewrite) -> Target | None:
    """What the upstream gets of it; None when that is reserved for services and operators."""
    path = rewrite.inner_path(target.path)
    if any(is_reserved(reading) for reading in (readings(path) if target.ambiguities else (path,))):
        return None
    return Target(path, target.query, target.ambiguities)


def _match(scope: PathIndex[Route] | Scope[Route], method: str, path: str) -> Route | tuple[str, ...]:
    if is_reserved(path):
        return ()
    candidates = scope.find(path)
    for accepted in (method, "GET") if method == "HEAD" else (method,):
        for route in candidates:
            if route.methods is None or accepted in route.methods:
                return route
    methods = {name for route in candidates for name in route.methods or ()}
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))
