"""How a proxy describes a request: the path that it calls decides where method and target are read.

A field that only the client can have written is never read: each dialect reads its own two, and no others.
"""

from dataclasses import dataclass


class IncompleteDescription(Exception):
    """The proxy leaves out what the request is; the message says what is missing. It is configured wrongly."""


REWRITING = "/rewrite"
"""Before a dialect's path: the proxy forwards the target that it is given, and not the one that it described."""
_ENVOY = "/envoy"


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a proxy names the method and the target of the client's request; "" for the request itself."""

    name: str
    method_field: str = ""
    target_field: str = ""


@dataclass(frozen=True, slots=True)
class DecisionPath:
    """What has been called: the dialect of the description, and what the proxy does with the response."""

    dialect: Dialect
    rewrites: bool
    """Whether the proxy forwards the target that it is given."""
    target: str = ""
    """The client's target, where it is a part of the path that is called."""


AUTH_REQUEST = Dialect("auth-request", "x-original-method", "x-original-uri")
"""nginx."""
FORWARD_AUTH = Dialect("forward-auth", "x-forwarded-method", "x-forwarded-uri")
"""Traefik, Caddy, and HAProxy by its script."""
ENVOY = Dialect("envoy")
"""HTTP ext_authz: the client's method, and its target below `/envoy`."""
_BY_PATH = {f"/{dialect.name}": dialect for dialect in (AUTH_REQUEST, FORWARD_AUTH)}


def read_path(called: str, names: frozenset[str]) -> DecisionPath:
    """What `called`, a target as it was sent, stands for.

    `names` are those of the fields, in lower case: `/` is either dialect that has fields, by whose are there.
    Raises `IncompleteDescription` when that is both or none: of two, one may be the client's. So it does for any
    other path, as with 404 the proxy would say to its client that there is no such route.
    """
    rewrites = called.startswith(REWRITING + "/")
    called = called.removeprefix(REWRITING) if rewrites else called
    if called.startswith(_ENVOY + "/"):
        return DecisionPath(ENVOY, rewrites, called.removeprefix(_ENVOY))
    path = called.partition("?")[0]
    if path == "/":
        present = [dialect for dialect in _BY_PATH.values() if dialect.target_field in names]
        if len(present) != 1:
            raise IncompleteDescription("either X-Original-URI or X-Forwarded-Uri must be there")
        return DecisionPath(present[0], rewrites)
    if (dialect := _BY_PATH.get(path)) is None:
        raise IncompleteDescription("ask at /auth-request, /forward-auth or /envoy/..., or at those below /rewrite")
    return DecisionPath(dialect, rewrites)
