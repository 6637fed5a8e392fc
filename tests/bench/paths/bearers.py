"""The hot paths of the gateway for bearer tokens: good ones, and what an attacker can send instead."""

import secrets
from collections.abc import Sequence

from gateway.credentials.access_tokens import MAX_REMEMBERED_TOKENS
from tests.bench.load import AS_FAST_AS_IT_CAN, Load, Request
from tests.bench.page import Table
from tests.bench.paths.race import BEARERS, ENVOY, ENVOY_CACHED, HAPROXY, NGINX, PASSGATE, HotPath, Race, Ring
from tests.bench.probes import Probe
from tests.bench.tokens.minting import forged, issuers_signer, minted
from tests.bench.turns import Contestant

NEW_BEARERS = MAX_REMEMBERED_TOKENS + 4000
"""More than any contestant remembers: whoever meets them in turn has forgotten each one before it comes again."""
QUICK_NEW_BEARERS = 4000
FORGED_BEARERS = 5000
JUNK_BEARERS = 1000
SITE = "/v2.0/site"
UNAUTHORIZED = 401
BEHIND = ("key_registry", "token_issuer", "postgres", "valkey")
REFUSED = Load(expected=(UNAUTHORIZED,))
PEERS = (NGINX, ENVOY_CACHED, ENVOY, HAPROXY)


def site(token: str) -> Request:
    return Request("GET", SITE, {"Authorization": f"Bearer {token}"})


async def seen(ring: Ring) -> Race:
    requests = [site(token) for token in await ring.bearers()]
    return await race(ring, requests, PEERS)


async def new(ring: Ring) -> Race:
    (template, *_), key = await ring.bearers(), await ring.product.signing_key()
    signer = await issuers_signer(ring.product.stack, key["kid"])
    count = ring.count(NEW_BEARERS, quick=QUICK_NEW_BEARERS)
    ring.progress(f"signing {count:,} tokens")
    requests = [site(token) for token in await minted(template, signer, count)]
    return await race(ring, requests, PEERS)


async def badly_signed(ring: Ring) -> Race:
    template, *_ = await ring.bearers()
    requests = [site(token) for token in forged(template, ring.count(FORGED_BEARERS))]
    return await race(ring, requests, (ENVOY, HAPROXY), REFUSED)


async def junk(ring: Ring) -> Race:
    requests = [site(secrets.token_urlsafe(32)) for _ in range(ring.count(JUNK_BEARERS))]
    return await race(ring, requests, (ENVOY, HAPROXY), REFUSED)


async def no_credential(ring: Ring) -> Race:
    return await race(ring, [Request("GET", SITE)], (ENVOY, HAPROXY), REFUSED)


async def race(
    ring: Ring, requests: Sequence[Request], against: Sequence[str], load: Load = AS_FAST_AS_IT_CAN
) -> Race:
    """The gateway and those of its peers that are installed. Where it refuses, what lies behind it counts too."""
    ours = {PASSGATE: ring.gateway, **await ring.not_compiled()}
    servers = {**ours, **await ring.gateways()}
    behind = {**ring.product.behind(*BEHIND), "upstream": ring.upstream.pid} if load.expected else {}
    contestants = [
        Contestant(name, server.port, server.pid, requests, behind if name in ours else {}, load)
        for name, server in servers.items()
        if name in (*ours, *against)
    ]
    template, *_ = await ring.bearers()
    probes = [refusal(one.name, template) for one in contestants if one.name != NGINX]
    return Race(contestants, probes, [name for name in ring.absent if name in against])


def refusal(contestant: str, token: str) -> Probe:
    """A gateway that lets a forged signature pass is no contestant."""
    (wrong,) = forged(token, 1)
    return Probe(contestant, site(wrong), UNAUTHORIZED)


BEARER_PATHS = (
    HotPath(
        "gateway",
        Table(
            "Gateway: a bearer token that it has seen before",
            f"`GET {SITE}` through the gateway, by the shipped route file, to an upstream that answers 200 bytes. "
            f"{BEARERS:,} access tokens in turn.",
            (NGINX, ENVOY_CACHED),
        ),
        seen,
    ),
    HotPath(
        "new",
        Table(
            "Gateway: each bearer token new",
            f"The same, with {NEW_BEARERS:,} access tokens in turn, which is more than anyone here remembers.",
            (NGINX, ENVOY),
        ),
        new,
    ),
    HotPath(
        "badly-signed",
        Table(
            "Gateway: a flood of badly signed bearer tokens",
            f"{FORGED_BEARERS:,} tokens in turn whose signature is wrong; every response is 401. The gateway "
            "counts refusals in the audit trail: what that costs behind it is compared too.",
            (ENVOY,),
            together=True,
        ),
        badly_signed,
    ),
    HotPath(
        "junk",
        Table(
            "Gateway: a bearer that is no token",
            f"{JUNK_BEARERS:,} random values in turn; every response is 401.",
            (ENVOY,),
            together=True,
        ),
        junk,
    ),
    HotPath(
        "no-credential",
        Table("Gateway: no credential", "Every response is 401.", (ENVOY,), together=True),
        no_credential,
    ),
)
