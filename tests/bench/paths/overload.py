"""Sent twice what it can take: whether the gateway still says that it is alive, and what the others are sent."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.bench.load import Request, Turn, paced, run_turn, write_requests
from tests.bench.page import aligned, paragraph
from tests.bench.paths.bearers import site
from tests.bench.paths.race import PASSGATE, Ring
from tests.bench.revocation.background_load import BackgroundLoad
from tests.bench.revocation.http_client import Connections
from tests.bench.revocation.page import quantile
from tests.bench.turns import Contestant, interleave

CONNECTIONS = 1000
"""Fewer than one address may have, and so many that calls would wait for long if each were begun at once."""
CAPACITIES = 2
SECONDS, QUICK_SECONDS = 5, 2
ONSET = 1
"""Seconds in which all of them connect at once, as clients do not."""
LIVENESS_PER_SECOND = 100
STATUSES = (200, 503)
"""What may come of a call then: 503 is that the gateway sheds it."""
TITLE = "## Gateway: alive at twice its capacity"
TEXT = (
    "{connections:,} connections that together ask for {capacities} times the gateway's maximum of {maximum:,.0f} "
    "req/s, for {seconds} seconds after one in which they connect. {served:,.0f} req/s were served, {share:.2f} of "
    "the maximum; of {responded:,} responses, {shed:,} were a 503. Half came within {p50:.0f} ms, and 99 of 100 "
    "within {p99:.0f} ms. Meanwhile `/health/live` of the gateway, {rate} times a second, and beside it that of a "
    "service that has nothing to do: its figure is what the machine adds."
)


class Overload:
    name = "overload"

    async def measure(self, ring: Ring) -> str:
        """The section about it. Raises `StackError`."""
        requests = [site(token) for token in await ring.bearers()]
        contestant = Contestant(PASSGATE, ring.gateway.port, ring.gateway.pid, requests)
        (at_most,) = await interleave([contestant], min(ring.turns, 2), ring.directory, ring.progress)
        seconds = SECONDS if ring.turns > 1 else QUICK_SECONDS
        turn, taken = await self._overloaded(ring, contestant, at_most.best_rate * CAPACITIES, seconds)
        shed = turn.statuses.get(503, 0)
        served = (turn.responded - shed) / turn.seconds
        text = TEXT.format(
            connections=CONNECTIONS,
            capacities=CAPACITIES,
            maximum=at_most.best_rate,
            seconds=seconds,
            responded=turn.responded,
            shed=shed,
            served=served,
            share=served / at_most.best_rate,
            p50=turn.p50_ms,
            p99=turn.p99_ms,
            rate=LIVENESS_PER_SECOND,
        )
        return "\n".join([TITLE, "", paragraph(text), "", *liveness_table(taken), ""])

    async def _overloaded(
        self, ring: Ring, contestant: Contestant, per_second: float, seconds: int
    ) -> tuple[Turn, dict[str, list[float]]]:
        """What the load saw, and the seconds that each liveness took."""
        file = ring.directory / "requests.overload"
        write_requests(contestant.requests, contestant.port, file)
        ports = {"gateway": ring.product.port("gateway_ops"), "idle service": ring.product.port("sample_resources")}
        connections = {name: Connections(port) for name, port in ports.items()}
        live = Request("GET", "/health/live")
        probes = {name: BackgroundLoad((one,), (live,), LIVENESS_PER_SECOND) for name, one in connections.items()}
        load = replace(paced(per_second, CONNECTIONS), expected=STATUSES)
        ring.progress(f"{seconds} s at {per_second:,.0f} req/s")
        try:
            running = asyncio.create_task(run_turn(contestant.port, file, ONSET + seconds, load))
            await asyncio.sleep(ONSET)
            await asyncio.gather(*(probe.run(seconds) for probe in probes.values()))
            turn = await running
        finally:
            for one in connections.values():
                one.close()
        return turn, {name: probe.seconds for name, probe in probes.items()}


def liveness_table(seconds: Mapping[str, Sequence[float]]) -> list[str]:
    """Milliseconds, from the seconds of each response."""
    rows = []
    for name, taken in seconds.items():
        ordered = sorted(taken)
        figures = (quantile(ordered, share) * 1000 for share in (0.5, 0.99, 1.0))
        rows.append([name, f"{len(taken):,}", *(f"{figure:.1f}" for figure in figures)])
    return aligned([["`/health/live` of", "requests", "p50 ms", "p99 ms", "max ms"], *rows])
