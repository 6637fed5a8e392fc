"""How a proxy says which request it asks about: the path that it calls decides where method and target are read.

A field that only the client can have written is never read: each form reads its own two, and no others.
"""

from dataclasses import dataclass


class IncompleteQuestion(Exception):
    """The proxy does not say what it asks about; the message says what is missing. It is configured wrongly."""


REWRITING = "/rewrite"
"""Before a form's path: the proxy forwards the target that it is given, and not the one that it asked about."""
_ENVOY = "/envoy"


@dataclass(frozen=True, slots=True)
class Form:
    """Where a proxy names the method and the target of the client's request; "" for the request itself."""

    name: str
    method_field: str = ""
    target_field: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What has been called: the form of the question, and what the proxy does with the response."""

    form: Form
    rewrites: bool
    """Whether the proxy forwards the target that it is given."""
    target: str = ""
    """The client's target, where it is a part of the path that is called."""


AUTH_REQUEST = Form("auth-request", "x-original-method", "x-original-uri")
"""nginx."""
FORWARD_AUTH = Form("forward-auth", "x-forwarded-method", "x-forwarded-uri")
"""Traefik, Caddy, and HAProxy by its script."""
ENVOY = Form("envoy")
"""HTTP ext_authz: the client's method, and its target below `/envoy`."""
_BY_PATH = {f"/{form.name}": form for form in (AUTH_REQUEST, FORWARD_AUTH)}


def endpoint_of(called: str, names: frozenset[str]) -> Endpoint | None:
    """What `called`, a target as it was sent, stands for. None: there is nothing there.

    `names` are those of the fields, in lower case: `/` is either form of fields, as the one that is there says.
    Raises `IncompleteQuestion` when that is both or none: of two, one may be the client's.
    """
    rewrites = called.startswith(REWRITING + "/")
    called = called.removeprefix(REWRITING) if rewrites else called
    if called.startswith(_ENVOY + "/"):
        return Endpoint(ENVOY, rewrites, called.removeprefix(_ENVOY))
    path = called.partition("?")[0]
    if path == "/":
        present = [form for form in _BY_PATH.values() if form.target_field in names]
        if len(present) != 1:
            raise IncompleteQuestion("either X-Original-URI or X-Forwarded-Uri must be there")
        return Endpoint(present[0], rewrites)
    form = _BY_PATH.get(path)
    return None if form is None else Endpoint(form, rewrites)
