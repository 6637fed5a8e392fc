"""The field Location of a response: where the upstream says that it is, as the client can reach it."""

import re

from gateway.edge.client_origin import Origin
from gateway.http1.authority import are_same, parse_authority
from gateway.routing.table import Route

_ABSOLUTE = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/?#]*)(.*)", re.DOTALL)


def outer_location(location: str, route: Route, called: str, origin: Origin) -> str:
    """`location` with what the client called in the place of the upstream's own scheme, host and path prefix.

    `called` is the path of the request. What names any other host, or is relative, stays as it is.
    """
    absolute = _ABSOLUTE.match(location)
    if absolute is None:
        return _outer_path(location, route, called) if location.startswith("/") else location
    scheme, authority, rest = absolute.groups()
    if rest.startswith(("/", "?", "#")) or not rest:
        path = _outer_path(rest, route, called)
        if _is_own(scheme or route.upstream.scheme, authority, route, origin):
            if parse_authority(origin.host) is not None:
                return f"{origin.scheme}://{origin.host}{path}"
            # RFC 3986 section 4.2: what begins with two slashes (or, to browsers, a backslash) names a host.
            return f"/.{path}" if path.startswith(("//", "/\\")) else path or "/"
        if origin.host and _same(authority, origin.host, scheme or origin.scheme):
            return location[: absolute.start(3)] + path  # the upstream was given the client's own host
    return location


def _outer_path(path: str, route: Route, called: str) -> str:
    return path if route.rewrite is None else route.rewrite.outer_path(path, called)


def _is_own(scheme: str, authority: str, route: Route, origin: Origin) -> bool:
    """Whether it is one of the upstream's addresses, or the client's host at the upstream's own port.

    That is how a server names itself that was given the client's `Host`, as nginx does.
    """
    upstream = route.upstream
    if scheme.lower() != upstream.scheme:
        return False
    own = [address.authority for address in upstream.addresses]
    if route.preserve_host and (outer := parse_authority(origin.host)) is not None:
        own += [f"{outer[0]}:{address.port}" for address in upstream.addresses]
    return any(_same(authority, address, scheme) for address in own)


def _same(one: str, other: str, scheme: str) -> bool:
    named, expected = parse_authority(one), parse_authority(other)
    return named is not None and expected is not None and are_same(named, expected, scheme)
