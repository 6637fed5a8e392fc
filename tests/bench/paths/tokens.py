"""`POST /auth/token` under each kind of signing key, beside oidc-provider with a key of that kind."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from deploy.local.report import Report
from tests.bench.load import Request
from tests.bench.page import Table, section
from tests.bench.paths.race import AIOHTTP, PASSGATE, Race, Ring
from tests.bench.peers import oidc_provider
from tests.bench.probes import Probe, check
from tests.bench.product import MeasuredStack, Product, running
from tests.bench.tokens import signature
from tests.bench.tokens.jwks import described, modulus_bits
from tests.bench.turns import Contestant, interleave
from tests.support.free_port import free_port

OIDC_PROVIDER = "oidc-provider"
BEHIND = ("key_registry", "postgres", "valkey")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = b"grant_type=client_credentials"
EXPLANATION = (
    "Client credentials of one API client, at the service itself; every response is a newly signed JWT and has a "
    "line in the audit trail, which is durable before the response is sent. oidc-provider keeps all in its memory, "
    "and no such line. Compared is the server with all behind it. Signed with {key}; the signature alone takes "
    "{signature:,.0f} us."
)


@dataclass(frozen=True)
class TokenPath:
    """Of one signing key. `settings` choose it for a stack of its own; without any, it is the shipped one."""

    name: str
    title: str
    settings: Mapping[str, str] = field(default_factory=dict)

    async def measure(self, ring: Ring) -> str:
        async with self._product(ring) as product:
            key = await product.signing_key()
            async with _peer(ring, product, key) as peer:
                race = await _race(ring, product, peer)
                await check(race.contestants, race.probes)
                results = await interleave(race.contestants, ring.turns, ring.directory, ring.progress)
        table = Table(self.title, EXPLANATION, (OIDC_PROVIDER, AIOHTTP), together=True)
        explanation = table.explanation.format(key=described(key), signature=signature.microseconds(key))
        return section(replace(table, explanation=explanation), results, race.absent)

    @asynccontextmanager
    async def _product(self, ring: Ring) -> AsyncIterator[Product]:
        if not self.settings:
            yield ring.product
            return
        ring.progress("starting a stack with that signing key")
        stack = MeasuredStack(
            ring.directory / f"stack-{self.name}", ring.upstream.port, self.settings, code=ring.code
        )
        async with running(stack, Report(io.StringIO())) as product:
            yield product


@asynccontextmanager
async def _peer(ring: Ring, product: Product, key: Mapping[str, str]) -> AsyncIterator[Contestant | None]:
    """oidc-provider with a key of the same kind and a client of the same name; None where it is not to be had."""
    bits = modulus_bits(key) if key["kty"] == "RSA" else 0
    client = (product.demo["CLIENT_KEY"], product.demo["CLIENT_SECRET"])
    port = free_port()
    command = oidc_provider.command(port, key["alg"], bits, client) if ring.with_peers else None
    if command is None:
        yield None
        return
    async with ring.peers.running(command, port) as pid:
        yield Contestant(OIDC_PROVIDER, port, pid, _requests(product))


async def _race(ring: Ring, product: Product, peer: Contestant | None) -> Race:
    requests = _requests(product)
    pid, behind = product.pids["token_issuer"], product.behind(*BEHIND)
    ours = Contestant(PASSGATE, product.port("token_issuer"), pid, requests, behind)
    contestants = [ours, *([peer] if peer else []), *await ring.floor(requests)]
    probes = [Probe(one.name, requests[0], 200, b'"access_token"') for one in contestants]
    return Race(contestants, probes, [OIDC_PROVIDER] if ring.with_peers and peer is None else [])


def _requests(product: Product) -> list[Request]:
    return [Request("POST", "/auth/token", {**FORM, "Authorization": product.basic}, BODY)]


TOKEN_PATHS = (
    TokenPath("token", "Token issuer: `POST /auth/token`, signing key as shipped"),
    TokenPath(
        "token-rs384-2048",
        "Token issuer: `POST /auth/token`, RS384 with 2048 bits",
        {"PASSGATE_SIGNING_ALGORITHM": "RS384", "PASSGATE_SIGNING_KEY_BITS": "2048"},
    ),
    TokenPath(
        "token-es256",
        "Token issuer: `POST /auth/token`, ES256",
        {"PASSGATE_SIGNING_ALGORITHM": "ES256"},
    ),
)
