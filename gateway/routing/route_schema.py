"""What a route file may hold: the model that it is checked against, and that editors get as a JSON Schema."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from gateway.routing.cors.schema import CorsEntry
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.issuers.schema import IssuerEntry
from gateway.routing.issuers.settings import OWN_ISSUER
from gateway.routing.matching.schema import Host, Path
from gateway.routing.rewriting.schema import (
    EncodedSlashes,
    PreserveHost,
    RequestHeaders,
    ResponseHeaders,
    RewriteLocation,
    RewritePrefix,
    Semicolons,
    StripPrefix,
    Via,
    rewriting_problems,
)
from gateway.routing.schema_types import Choices, Entry, Flag, Number, Text, Texts
from gateway.routing.scope_schema import NeededScope, NeededScopes
from gateway.routing.table import MIB
from gateway.routing.upstream_schema import UpstreamEntry
from shared.identifiers import CLAIM, PREFIX

MAX_ROUTES = 10_000
MAX_STALENESS_S = 3600
"""No access token lives longer."""
MAX_BODY_BYTES = 1024 * 1024 * MIB

NAME = r"[A-Za-z0-9_.-]{1,64}"
Name = Text(NAME, "must be letters, digits, dots, hyphens and underscores, at most 64")
Method = Text(
    r"any|(?!(?:CONNECT|TRACE)$)[A-Z][A-Z0-9_-]{0,31}",
    "must be names of methods in capitals, such as GET, without CONNECT and TRACE; or any, alone",
)
Audience = Text(CLAIM.pattern, "must be 1 to 255 printable characters without blanks")
Application = Text(PREFIX.pattern, "must be an application_prefix")


_ONLY_FOR = {
    "scopes": CredentialKind.JWT,
    "audience": CredentialKind.JWT,
    "issuers": CredentialKind.JWT,
    "max_staleness": CredentialKind.JWT,
    "application": CredentialKind.API_TOKEN,
    "merge_query": CredentialKind.SESSION_TOKEN,
}
"""Members that mean something with one kind of credential alone."""
_PLURAL = ("scopes", "issuers")
_NEEDED_FOR = {"scopes": CredentialKind.JWT, "application": CredentialKind.API_TOKEN}


def _accepts(kind: CredentialKind) -> dict[str, Any]:
    """The schema of a `credential` that is, or lists, `kind`."""
    return {"anyOf": [{"const": kind.value}, {"type": "array", "contains": {"const": kind.value}}]}


def _conditions(schema: dict[str, Any]) -> None:
    """What `RouteEntry.problems` checks, for editors: a path or a prefix, and what each credential needs."""
    schema["oneOf"] = [{"required": ["path"]}, {"required": ["prefix"]}]
    schema["allOf"] = [
        {
            "if": {"properties": {"credential": _accepts(kind)}},
            "then": {"required": [member for member, needed in _NEEDED_FOR.items() if needed is kind]},
        }
        for kind in _NEEDED_FOR.values()
    ] + [
        {
            "if": {"required": [member]},
            "then": {"properties": {"credential": _accepts(kind)}},
        }
        for member, kind in _ONLY_FOR.items()
    ]


class RouteEntry(Entry):
    """What may be called, with which credential, and where it goes."""

    model_config = ConfigDict(json_schema_extra=_conditions)

    name: Annotated[str, Name]
    host: Annotated[
        str,
        Host,
        Field(
            description="Of the request; `*.example.com`: any below it; absent: any. Case and port do not matter."
        ),
    ] = ""
    path: Annotated[
        str, Path, Field(description="This path alone; `{name}` stands for any one segment that is not empty.")
    ] = ""
    prefix: Annotated[
        str, Path, Field(description="This path and all that is below it; it may hold `{name}` as well.")
    ] = ""
    methods: Annotated[
        tuple[str, ...], Texts(Method), Field(description="HEAD comes with GET; `any` lets every method through.")
    ]
    credential: Annotated[
        tuple[str, ...],
        Choices(tuple(kind.value for kind in CredentialKind), alone=CredentialKind.NONE),
        Field(description="One kind, or a list of several: the one that a request presents is checked."),
    ]
    upstream: Annotated[str, Name, Field(description="One of `upstreams`.")]
    scopes: Annotated[
        tuple[NeededScope, ...],
        NeededScopes(),
        Field(
            description="jwt: the caller needs each of them; an empty list lets any partner in. One may be a "
            "mapping with `scope` and `report_only`: then calls that lack it are counted, and go through."
        ),
    ] = ()
    report_only: Annotated[
        bool,
        Flag(),
        Field(
            description="Calls that would be refused for their credential are counted, and go through without a "
            "caller: see `GET /admin/v1/report-only`."
        ),
    ] = False
    audience: Annotated[
        tuple[str, ...],
        Texts(Audience),
        Field(description="jwt: what `aud` may be, where it is not the gateway's own setting."),
    ] = ()
    issuers: Annotated[
        tuple[str, ...],
        Texts(Name),
        Field(description="jwt: whose tokens are accepted; `passgate` is the own issuer, others are of `issuers`."),
    ] = (OWN_ISSUER,)
    max_staleness: Annotated[
        float | None,
        Number(0.1, MAX_STALENESS_S),
        Field(description="jwt: seconds for which calls go on while revocations cannot be followed."),
    ] = None
    application: Annotated[
        str, Application, Field(description="api_token: the application_prefix that the token must be booked for.")
    ] = ""
    response_timeout: Annotated[
        float, Number(0.05, 3600), Field(description="Seconds from the request's last byte to the response's head.")
    ] = 15.0
    idle_timeout: Annotated[
        float, Number(0.05, 3600), Field(description="Seconds between two pieces of the response's body.")
    ] = 30.0
    max_body: Annotated[
        int, Number(0, MAX_BODY_BYTES, whole=True), Field(description="Bytes of a request's body.")
    ] = MIB
    pass_credential: Annotated[
        bool, Flag(), Field(description="The upstream gets the credential itself, as well as the identity.")
    ] = False
    identity_token: Annotated[
        bool, Flag(), Field(description="The upstream gets who calls as a signed token as well.")
    ] = False
    merge_query: Annotated[
        bool,
        Flag(),
        Field(description="session_token: the caller's own parameters go on beside the stored ones, which win."),
    ] = False
    websocket: Annotated[
        bool, Flag(), Field(description="Clients may switch to a WebSocket, once their request is authorized.")
    ] = False
    websocket_idle_timeout: Annotated[
        float, Number(0.05, 86400), Field(description="Seconds for which a WebSocket may be silent.")
    ] = 300.0
    end_on_revocation: Annotated[
        bool,
        Flag(),
        Field(description="What is under way ends within a second of its credential's revocation."),
    ] = True
    cors: Annotated[
        CorsEntry | None,
        Field(description="Pages of other origins may call it. Absent: the upstream says so itself."),
    ] = None
    strip_prefix: StripPrefix = False
    rewrite_prefix: RewritePrefix = ""
    preserve_host: PreserveHost = False
    request_headers: RequestHeaders = None
    response_headers: ResponseHeaders = None
    via: Via = True
    rewrite_location: RewriteLocation = True
    encoded_slashes: EncodedSlashes = False
    semicolons: Semicolons = False
    retry: Annotated[
        bool,
        Flag(),
        Field(description="An idempotent request without a body is sent once more after a lost connection."),
    ] = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """Members that do not go together, each with what is wrong with it."""
        if bool(self.path) == bool(self.prefix):
            yield "path" if self.path else "prefix", "is needed: either path or prefix, not both"
        if "any" in self.methods and self.methods != ("any",):
            yield "methods", Method.message
        yield from rewriting_problems(self)
        if self.websocket and not {"any", "GET"} & set(self.methods):
            yield "websocket", "needs the method GET: that of each handshake"
        if self.identity_token and CredentialKind.NONE in self.credential:
            yield "identity_token", "needs a credential: without one nobody is known"
        if self.report_only and CredentialKind.NONE in self.credential:
            yield "report_only", "needs a credential: without one nobody is refused"
        if self.cors is not None:
            yield from (("cors", problem) for problem in self.cors.problems(self.methods))
        for member, kind in _ONLY_FOR.items():
            if member in self.model_fields_set and kind not in self.credential:
                yield member, f"{'are' if member in _PLURAL else 'is'} for the credential {kind} only"
        for member, kind in _NEEDED_FOR.items():
            if member not in self.model_fields_set and kind in self.credential:
                hint = "; an empty list means any partner" if member == "scopes" else ""
                yield member, f"is missing: the credential {kind} needs it{hint}"


class RouteFile(Entry):
    """The route file of a Passgate gateway."""

    upstreams: dict[Annotated[str, Name], UpstreamEntry]
    issuers: Annotated[
        dict[Annotated[str, Name], IssuerEntry],
        Field(description="Other issuers, by the name that routes and identities have for them."),
    ] = Field(default_factory=dict)
    routes: Annotated[list[RouteEntry], Field(min_length=1, max_length=MAX_ROUTES)]


def json_schema() -> dict[str, Any]:
    """For editors: completion, and errors while one writes. `check-routes` checks more than it can say."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RouteFile.model_json_schema()}
