"""The route table: what may be called, with which credential, and where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from gateway.http1.bounded_cache import BoundedCache
from gateway.routing.cors.policy import Cors
from gateway.routing.credential_kinds import SECRET_FIELDS, CredentialKind
from gateway.routing.issuers.settings import IssuerSettings
from gateway.routing.matching.hosts import HostIndex
from gateway.routing.matching.path_index import PathIndex
from gateway.routing.matching.path_pattern import PathPattern
from gateway.routing.rewriting.header_rules import HeaderRules
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.upstream_address import NO_PORTS, OwnPorts
from gateway.upstreams.settings import Address, Balance, CircuitBreaker, HealthCheck, UpstreamTls

MIB = 1024 * 1024
MAX_CACHED_PATHS = 4096


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service that is forwarded to. All times are in seconds."""

    name: str
    scheme: str
    host: str
    port: int
    connect_timeout: float = 2.0
    connections: int = 256
    """In use at once, from one gateway process; one more request waits for a moment and then gets 503."""
    keep_idle: float = 4.0
    """How long an unused connection is kept: less than the upstream keeps it, or it may close under a request."""
    addresses: tuple[Address, ...] = ()
    """All of them; `host` and `port` are those of the first. Given when there are several."""
    balance: Balance = Balance.ROUND_ROBIN
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    health: HealthCheck | None = None
    resolve_every: float = 10.0
    """Between two look-ups of the names in its addresses."""
    tls: UpstreamTls = field(default_factory=UpstreamTls)
    own_ports: OwnPorts = NO_PORTS
    """Where the gateway itself is, and no name of the upstream may come to lead."""
    authority: str = field(init=False, compare=False)
    """That of the first address: what `Host` is unless a call goes to another one."""
    several_hosts: bool = field(init=False, compare=False)
    identity: str = field(init=False, compare=False, repr=False)
    """The same for two upstreams that are equal, and for no others."""

    def __post_init__(self) -> None:
        addresses = self.addresses or (Address(self.host, self.port),)
        if (addresses[0].host, addresses[0].port) != (self.host, self.port):
            raise ValueError("host and port are those of the first address")
        object.__setattr__(self, "addresses", addresses)
        object.__setattr__(self, "authority", addresses[0].authority)
        object.__setattr__(self, "several_hosts", len({address.authority for address in addresses}) > 1)
        settings = tuple(getattr(self, member.name) for member in fields(self) if member.init)
        object.__setattr__(self, "identity", repr(settings))

    @property
    def url(self) -> str:
        """All of them, with commas."""
        return ", ".join(f"{self.scheme}://{address.authority}" for address in self.addresses)


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of the route file. All times are in seconds."""

    name: str
    path: str
    """One path, or a template: a segment such as `{id}` matches any one that is not empty."""
    upstream: Upstream
    credential: CredentialKind
    prefix: bool = False
    """Whether `path` stands for all that is below it, too."""
    host: str = ""
    """In the spelling of `parse_host`; "": any."""
    methods: frozenset[str] | None = None
    """None: every method goes through, and the service responds with 405 itself."""
    scopes: tuple[str, ...] = ()
    """The caller needs each of them."""
    report_only_scopes: frozenset[str] = frozenset()
    """Those of them that nobody is refused for."""
    report_only: bool = False
    """Whether nobody is refused for the credential: what would have been refused is counted."""
    audiences: frozenset[str] = frozenset()
    """For `jwt`: what `aud` may be; empty: the gateway's own setting."""
    max_staleness: float | None = None
    """For `jwt`: how long ago what is stopped may last have been heard; None: the gateway's own setting."""
    application: str = ""
    """For `api_token`: the application_prefix that the token must be booked for."""
    response_timeout: float = 15.0
    """From the request's last byte to the response's head."""
    idle_timeout: float = 30.0
    """Between two pieces of the response's body."""
    max_body: int = MIB
    """Bytes of a request's body."""
    pass_credential: bool = False
    """Whether the upstream gets the credential itself, as well as the identity."""
    merge_query: bool = False
    """For `session_token`: whether the caller's own parameters go on beside the stored ones, which win."""
    websocket: bool = False
    """Whether a client may switch to a WebSocket, once its request is authorized."""
    websocket_idle_timeout: float = 300.0
    """How long a WebSocket may be silent in both directions."""
    end_on_revocation: bool = True
    """Whether an exchange under way ends when its credential is revoked, or that cannot be known any more."""
    cors: Cors | None = None
    """For pages of other origins; None: their preflights are requests like any other."""
    retry: bool = False
    """Whether a request of an idempotent method without a body is sent again, once, after a lost connection."""
    identity_token: bool = False
    """Whether the upstream gets a signed token that says who calls, as well as the header fields."""
    kinds: tuple[CredentialKind, ...] = ()
    """Every kind of credential that is accepted, in order; when not given, `credential` alone."""
    rewrite: PrefixRewrite | None = None
    """Of the path's prefix; None: the upstream gets the path as it was called."""
    preserve_host: bool = False
    """Whether the upstream gets the client's `Host`, and not its own."""
    request_headers: HeaderRules | None = None
    response_headers: HeaderRules | None = None
    via: bool = True
    """Whether the upstream gets `Via`."""
    rewrite_location: bool = True
    """Whether a `Location` that names the upstream itself is made to name what the client called."""
    path_may_hold: frozenset[str] = frozenset()
    """Which of `ENCODED_SLASHES` and `SEMICOLONS`, that are refused otherwise."""
    line: int = field(default=0, compare=False)
    """Of the route file, at which it begins."""
    alternatives: "tuple[Route, ...]" = field(init=False, compare=False, repr=False)
    """This route with each of several kinds as its `credential`, in their order; empty where there is one."""
    accepts_own_issuer: bool = True
    """For `jwt`: whether access tokens of Passgate's own issuer are accepted."""
    issuers: tuple[IssuerSettings, ...] = ()
    """For `jwt`: the other issuers whose tokens are."""
    external: Mapping[str, IssuerSettings] = field(init=False, compare=False, repr=False)
    """The same, by what `iss` is."""
    adapts_responses: bool = field(init=False, compare=False, repr=False)
    """Whether an upstream's responses have other fields for the client, whatever they hold."""
    withheld: frozenset[str] = field(init=False, compare=False, repr=False)
    """The header fields that are not passed on: of a credential of any of the kinds, and of `request_headers`."""

    def __post_init__(self) -> None:
        kinds = self.kinds or (self.credential,)
        fields = [] if self.pass_credential else [SECRET_FIELDS[kind] for kind in kinds]
        object.__setattr__(self, "kinds", kinds)
        object.__setattr__(self, "adapts_responses", self.response_headers is not None or self.cors is not None)
        object.__setattr__(self, "external", {issuer.issuer: issuer for issuer in self.issuers})
        if self.request_headers is not None:
            fields.append(self.request_headers.names)
        object.__setattr__(self, "withheld", frozenset[str]().union(*fields))
        object.__setattr__(self, "alternatives", self._alternatives() if len(kinds) > 1 else ())

    def _alternatives(self) -> "tuple[Route, ...]":
        single = []
        for kind in self.kinds:
            scopes = self.scopes if kind is CredentialKind.JWT else ()
            route = replace(self, credential=kind, kinds=(kind,), scopes=scopes)
            object.__setattr__(route, "withheld", self.withheld)
            single.append(route)
        return tuple(single)

    @property
    def pattern(self) -> PathPattern:
        return PathPattern.of(self.path, prefix=self.prefix)


@dataclass(frozen=True)
class RouteTable:
    """The routes, and the indexes that find one. Raises `TooManyOverlaps` when it is created."""

    routes: Sequence[Route]
    issuers: Sequence[IssuerSettings] = ()
    """All other issuers that the file names, whether a route accepts their tokens or not."""
    hosts: HostIndex[Route] | None = field(init=False, compare=False)
    """None where no route has a host: then a request's host is not looked at."""
    any_host: PathIndex[Route] = field(init=False, compare=False)
    """The routes without a host."""
    matched: "BoundedCache[tuple[object, ...], Route | tuple[str, ...]]" = field(
        init=False, default_factory=lambda: BoundedCache(MAX_CACHED_PATHS), compare=False
    )
    """What `gateway.routing.match` found for a method and a path, and a scope of hosts where there are any."""

    @property
    def upstreams(self) -> Sequence[Upstream]:
        """Those that routes lead to, each once."""
        return list({route.upstream.name: route.upstream for route in self.routes}.values())

    @property
    def max_staleness(self) -> float:
        """The longest of all routes, in seconds; 0 where none has one of its own."""
        return max((route.max_staleness or 0.0 for route in self.routes), default=0.0)

    def __post_init__(self) -> None:
        by_host: dict[str, list[tuple[PathPattern, Route]]] = {"": []}
        for route in self.routes:
            by_host.setdefault(route.host, []).append((route.pattern, route))
        indexes = {host: PathIndex(entries) for host, entries in by_host.items()}
        object.__setattr__(self, "any_host", indexes[""])
        object.__setattr__(self, "hosts", HostIndex(indexes) if len(indexes) > 1 else None)
