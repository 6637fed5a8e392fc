"""Which route a request is for."""

from gateway.routing.table import Route, RouteTable

RESERVED = ("/internal", "/metrics", "/health")
"""Never routed, here or below: these paths are for services and operators alone."""

MAX_KEPT_PATH_LENGTH = 256


def is_reserved(path: str) -> bool:
    lowered = path.lower()
    return any(lowered == reserved or lowered.startswith(reserved + "/") for reserved in RESERVED)


def match(table: RouteTable, method: str, path: str) -> Route | tuple[str, ...]:
    """The route, or the methods that there are for the path: none when the path is not routed at all.

    The most specific path decides alone; another one that would take the method is not looked for. HEAD is served
    wherever GET is (RFC 9110 section 9.3.2).
    """
    found = table.matched.get((method, path))
    if found is None:
        found = _match(table, method, path)
        if len(path) <= MAX_KEPT_PATH_LENGTH:
            table.matched.keep((method, path), found)
    return found


def _match(table: RouteTable, method: str, path: str) -> Route | tuple[str, ...]:
    if is_reserved(path):
        return ()
    candidates = _routes_for(table, path)
    for accepted in (method, "GET") if method == "HEAD" else (method,):
        for route in candidates:
            if route.methods is None or accepted in route.methods:
                return route
    methods = {name for route in candidates for name in route.methods or ()}
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _routes_for(table: RouteTable, path: str) -> tuple[Route, ...]:
    if (found := table.exact.get(path)) is not None:
        return found
    for prefix, routes in table.prefixes:
        if path == prefix or path.startswith(prefix if prefix.endswith("/") else prefix + "/"):
            return routes
    return ()
