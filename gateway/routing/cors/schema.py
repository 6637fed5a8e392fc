"""What a route file may say of pages of other origins."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from gateway.routing.cors.policy import ANY_ORIGIN, Cors
from gateway.routing.credential_kinds import SECRET_FIELDS, CredentialKind
from gateway.routing.schema_types import Entry, Flag, Number, Text, Texts

MAX_AGE_S = 86400
"""What browsers keep at most."""
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_USUAL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""Of a route that lets any method through."""
_FIELD_NAMES = {
    "authorization": "Authorization",
    "x-api-token": "X-Api-Token",
    "x-client-prefix": "X-Client-Prefix",
}


def _origin(origin: str) -> None:
    if origin == ANY_ORIGIN:
        return
    if origin == "null":
        raise ValueError("cannot hold null, which any page can be: name the origins")
    match = _ORIGIN.fullmatch(origin)
    if match is None or int(match["port"] or 1) > 65535:
        raise ValueError(
            f"must be origins such as https://app.example.com, in lower case and without a path, or *: {origin}"
        )
    if match["port"] is not None and match["port"] == _DEFAULT_PORTS.get(match["scheme"]):
        raise ValueError(f"must be as browsers send it, without the scheme's own port: {origin}")


Origin = Text(parse=_origin)
Method = Text(
    r"(?!(?:CONNECT|TRACE|OPTIONS)$)[A-Z][A-Z0-9_-]{0,31}",
    "must be names of methods in capitals, without OPTIONS, which is that of preflights",
)
FieldName = Text(
    r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", "must be names of header fields, one by one: * is not supported"
)


class CorsEntry(Entry):
    """Pages of other origins that may call a route; the gateway responds to their preflights by itself."""

    origins: Annotated[
        tuple[str, ...],
        Texts(Origin),
        Field(description="`scheme://host[:port]` as browsers send it; or `*` alone."),
    ]
    methods: Annotated[
        tuple[str, ...], Texts(Method), Field(description="Those of the route, unless some of them are named.")
    ] = ()
    headers: Annotated[
        tuple[str, ...],
        Texts(FieldName, may_be_empty=True),
        Field(description="Of requests; unless named, those of the route's credential, and Content-Type."),
    ] = ()
    expose: Annotated[
        tuple[str, ...],
        Texts(FieldName, may_be_empty=True),
        Field(description="Of responses: fields that a page may read, beside those that any page may."),
    ] = ()
    credentials: Annotated[
        bool, Flag(), Field(description="Browsers send cookies; Authorization needs no such leave.")
    ] = False
    max_age: Annotated[
        int,
        Number(0, MAX_AGE_S, whole=True),
        Field(description="Seconds for which browsers keep the response to a preflight."),
    ] = 600

    def problems(self, methods: Sequence[str]) -> Iterator[str]:
        """What does not go together, beside a route's `methods`."""
        if ANY_ORIGIN in self.origins:
            if len(self.origins) > 1:
                yield "origins: * is every origin, and stands alone"
            if self.credentials:
                yield "credentials cannot be with the origin *: name the origins"
        served = {*methods, "HEAD"} if "GET" in methods else set(methods)
        if "any" not in methods and (other := [name for name in self.methods if name not in served]):
            yield f"methods: {', '.join(other)} is none of the route's methods"


def read_cors(entry: CorsEntry | None, methods: Sequence[str], kinds: Sequence[str]) -> Cors | None:
    """Of a route with these methods and kinds of credential."""
    if entry is None:
        return None
    own = _USUAL_METHODS if "any" in methods else tuple(name for name in methods if name != "OPTIONS")
    secret = sorted({name for kind in kinds for name in SECRET_FIELDS[CredentialKind(kind)]})
    headers = entry.headers
    if "headers" not in entry.model_fields_set:
        headers = (*(_FIELD_NAMES[name] for name in secret), "Content-Type")
    return Cors(entry.origins, entry.methods or own, headers, entry.expose, entry.credentials, entry.max_age)
