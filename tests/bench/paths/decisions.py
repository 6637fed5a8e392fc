"""What a decision costs for a proxy that forwards itself, beside a call that the gateway forwards."""

from tests.bench.gateway_beside import one_more
from tests.bench.load import HOST, Request
from tests.bench.page import Table
from tests.bench.paths.bearers import SITE, UNAUTHORIZED, refusal, site
from tests.bench.paths.race import BEARERS, PASSGATE, HotPath, Race, Ring
from tests.bench.probes import Probe
from tests.bench.tokens.minting import forged
from tests.bench.turns import Contestant
from tests.support.free_port import free_port

DECISION = "Passgate, decision alone"
DIALECT = "/envoy"
"""Below this Envoy asks with the request's own method, path and fields."""


def asked(token: str) -> Request:
    """About the same request, of a client that the proxy names."""
    request = site(token)
    return Request(request.method, DIALECT + request.path, {**request.headers, "X-Forwarded-For": "192.0.2.1"})


async def set_up(ring: Ring) -> Race:
    """Both are one process, a gateway of its own: that of the stack trusts no proxy."""
    tokens, port = await ring.bearers(), free_port()
    settings = {
        "PASSGATE_GATEWAY_WORKERS": "1",
        "PASSGATE_DECISION_PORT": str(port),
        "PASSGATE_TRUSTED_PROXIES": f"{HOST}/32",
    }
    beside = one_more(ring.product.stack, ring.peers, "gateway-decisions", settings)
    gateway = await ring.stack.enter_async_context(beside)
    contestants = [
        Contestant(PASSGATE, gateway.port, gateway.pid, [site(token) for token in tokens]),
        Contestant(DECISION, port, gateway.pid, [asked(token) for token in tokens]),
    ]
    (wrong,) = forged(tokens[0], 1)
    return Race(contestants, [refusal(PASSGATE, tokens[0]), Probe(DECISION, asked(wrong), UNAUTHORIZED)])


DECISIONS = HotPath(
    "decision",
    Table(
        "Gateway: a decision for a proxy that forwards itself",
        f"{BEARERS:,} access tokens in turn, about `GET {SITE}` as Envoy asks; beside it the same call, which the "
        "same process forwards.",
        (PASSGATE,),
    ),
    set_up,
)
