"""How long a request takes at half of what a gateway can do at most: where nobody has to queue for long."""

from collections.abc import Sequence
from dataclasses import replace

from tests.bench.load import paced
from tests.bench.page import aligned, paragraph
from tests.bench.paths.bearers import site
from tests.bench.paths.race import ENVOY_CACHED, HAPROXY, NGINX, PASSGATE, Ring
from tests.bench.turns import Contestant, Result, interleave

CONNECTIONS = 512
SHARE = 0.5
MAXIMUM_TURNS = 3
TITLE = "## Gateway: latency at half of its own maximum"
TEXT = (
    "The bearers that it has seen before. First each contestant is sent as much as it can take, as above; "
    "then half as much: {connections} connections each wait for a time that is random (exponentially "
    "distributed) before every request, so that requests come as they do from many clients, whether or not "
    "others have been responded to. Each has its own maximum: at equal rates the faster one would be the more "
    "idle one. *best* is the p99 of the turn that was disturbed least."
)


class HalfLoad:
    name = "half-load"

    async def measure(self, ring: Ring) -> str:
        """The section about it. Raises `StackError`."""
        requests = [site(token) for token in await ring.bearers()]
        servers = {PASSGATE: ring.gateway, **await ring.gateways()}
        contestants = [
            Contestant(name, servers[name].port, servers[name].pid, requests)
            for name in (PASSGATE, NGINX, ENVOY_CACHED, HAPROXY)
            if name in servers
        ]
        at_most = await interleave(contestants, min(ring.turns, MAXIMUM_TURNS), ring.directory, ring.progress)
        halves = [replace(one.contestant, load=paced(one.best_rate * SHARE, CONNECTIONS)) for one in at_most]
        results = await interleave(halves, ring.turns, ring.directory, ring.progress)
        text = paragraph(TEXT.format(connections=CONNECTIONS))
        return "\n".join([TITLE, "", text, "", *latencies(at_most, results), ""])


def latencies(at_most: Sequence[Result], at_half: Sequence[Result]) -> list[str]:
    """A table, with the ratios of p99 to nginx's where it is there."""
    references = [result for result in at_half if result.contestant.name == NGINX]
    head = ["contestant", "maximum, req/s", "sent, req/s", "p50 ms", "p99 ms", "p99 ms, best"]
    head += [f"p99 to {NGINX}" for _ in references]
    rows = []
    for maximum, half in zip(at_most, at_half, strict=True):
        figures = [f"{maximum.best_rate:,.0f}", f"{half.median_rate:,.0f}", f"{half.p50_ms:.2f}"]
        figures += [f"{half.p99_ms:.2f}", f"{half.best_p99_ms:.2f}"]
        rows.append([half.contestant.name, *figures, *(f"{half.p99_ms / r.p99_ms:.2f}" for r in references)])
    return aligned([head, *rows])
