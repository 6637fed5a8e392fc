"""The hot paths: for each, who competes and what everybody is sent."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.ports import free_port
from tests.bench.load import Request
from tests.bench.peers import envoy, floor, haproxy, nginx
from tests.bench.process import Peers, free_ports
from tests.bench.product import Product
from tests.bench.turns import Contestant

PASSGATE = "Passgate"
NGINX = "nginx, no check"
ENVOY_CACHED = "Envoy jwt_authn, token cache"
ENVOY = "Envoy jwt_authn"
HAPROXY = "HAProxy jwt_verify"
AIOHTTP = "bare aiohttp"
BEARERS = 1000
SESSIONS = 1000
API_TOKENS = 100
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Probe:
    """One request before any load: an answer with `status` that holds `holds`, or the measurement is off."""

    contestant: str
    request: Request
    status: int
    holds: bytes = b""


@dataclass
class Race:
    """The contestants on one path; those that are not installed, by name, are `absent`."""

    contestants: list[Contestant]
    probes: list[Probe]
    absent: list[str] = field(default_factory=list)


@dataclass
class Ring:
    """What a race is set up from. Peers that it starts end with `stack`."""

    product: Product
    peers: Peers
    directory: Path
    upstream_port: int
    stack: AsyncExitStack
    with_peers: bool

    async def floor(self, requests: Sequence[Request]) -> list[Contestant]:
        if not self.with_peers:
            return []
        port = free_port()
        pid = await self.stack.enter_async_context(self.peers.running(floor.command(port), port))
        return [Contestant(AIOHTTP, port, pid, requests)]


@dataclass(frozen=True)
class HotPath:
    name: str
    title: str
    explanation: str
    set_up: Callable[[Ring], Awaitable[Race]]
    compared_with: tuple[str, ...]
    """The contestants that the others' figures are divided by."""


async def gateway(ring: Ring) -> Race:
    product = ring.product
    requests = [_site(token) for token in await product.bearers(BEARERS)]
    contestants = [Contestant(PASSGATE, product.port("gateway"), product.pids["gateway"], requests)]
    race = Race(contestants, [_refusal(PASSGATE, requests[0])])
    if not ring.with_peers:
        return race
    tokens = envoy.Tokens(product.demo["GATEWAY_URL"], "passgate", await product.signing_key())
    ports, to = free_ports(4), ring.upstream_port
    commands = {
        NGINX: nginx.proxy(ring.directory, ports[0], to),
        ENVOY_CACHED: envoy.command("envoy-cache", ring.directory, ports[1], to, tokens, cache=True),
        ENVOY: envoy.command("envoy", ring.directory, ports[2], to, tokens, cache=False),
        HAPROXY: haproxy.command(ring.directory, ports[3], to, tokens),
    }
    for (name, command), port in zip(commands.items(), ports, strict=True):
        if command is None:
            race.absent.append(name)
            continue
        pid = await ring.stack.enter_async_context(ring.peers.running(command, port))
        contestants.append(Contestant(name, port, pid, requests))
        if name != NGINX:
            race.probes.append(_refusal(name, requests[0]))
    return race


def _site(token: str) -> Request:
    return Request("GET", "/v2.0/site", {"Authorization": f"Bearer {token}"})


def _refusal(contestant: str, valid: Request) -> Probe:
    """A gateway that lets a forged signature pass is no contestant."""
    head, _, signature = valid.headers["Authorization"].rpartition(".")
    forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    return Probe(contestant, Request(valid.method, valid.path, {"Authorization": forged}), 401)


async def token(ring: Ring) -> Race:
    headers = {**FORM, "Authorization": ring.product.basic}
    requests = [Request("POST", "/auth/token", headers, b"grant_type=client_credentials")]
    return await _service(ring, "token_issuer", requests, b'"access_token"', "key_registry", "postgres", "valkey")


async def generate(ring: Ring) -> Race:
    headers = {**JSON, "x-api-key": ring.product.demo["ACCESS_KEY"]}
    requests = [Request("POST", "/generate", headers, floor.PARAMETERS)]
    return await _service(ring, "session_tokens", requests, b'"token"', "key_registry", "postgres", "valkey")


async def verify(ring: Ring) -> Race:
    tokens = await ring.product.session_tokens(SESSIONS)
    requests = [Request("GET", "/verify", {"x-api-token": value}) for value in tokens]
    return await _service(ring, "session_tokens", requests, b"plan.dwg", "key_registry", "postgres", "valkey")


async def token_validator(ring: Ring) -> Race:
    demo = ring.product.demo
    rest = f"applicaiontPrefix={demo['APPLICATION_PREFIX']}&clientPrefix={demo['CLIENT_PREFIX']}"
    tokens = await ring.product.api_tokens(API_TOKENS)
    path = "/OKIT.Operator.Api/api/tokenvalidator"
    requests = [Request("GET", f"{path}?token={value}&{rest}") for value in tokens]
    return await _service(ring, "operator_validator", requests, b'"valid":true', "key_registry", "postgres")


async def _service(ring: Ring, name: str, requests: Sequence[Request], holds: bytes, *behind: str) -> Race:
    product = ring.product
    ours = Contestant(PASSGATE, product.port(name), product.pids[name], requests, product.behind(*behind))
    floors = await ring.floor(requests)
    return Race([ours, *floors], [Probe(PASSGATE, requests[0], 200, holds)])


HOT_PATHS = (
    HotPath(
        "gateway",
        "Gateway: a bearer token that it has seen before",
        "`GET /v2.0/site` through the gateway, by the shipped route file, to an upstream that answers 200 bytes. "
        f"{BEARERS:,} access tokens in turn.",
        gateway,
        (NGINX, ENVOY_CACHED),
    ),
    HotPath(
        "token",
        "Token issuer: `POST /auth/token`",
        "Client credentials of one API client, at the service itself; every answer is a newly signed JWT.",
        token,
        (AIOHTTP,),
    ),
    HotPath(
        "generate",
        "Session tokens: `POST /generate`",
        "Four parameters under one access key, at the service itself; each is encrypted and stored.",
        generate,
        (AIOHTTP,),
    ),
    HotPath(
        "verify",
        "Session tokens: `GET /verify`",
        f"{SESSIONS:,} session tokens in turn, at the service itself; each is fetched and decrypted.",
        verify,
        (AIOHTTP,),
    ),
    HotPath(
        "tokenvalidator",
        "Operator: `GET /OKIT.Operator.Api/api/tokenvalidator`",
        f"{API_TOKENS} API tokens in turn, at the service itself, each seen before.",
        token_validator,
        (AIOHTTP,),
    ),
)
