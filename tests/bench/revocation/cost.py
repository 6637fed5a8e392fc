"""What following the changes costs a gateway: beside it one that has its snapshot and then hears of nothing."""

import asyncio
import statistics
import timeit
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.errors import StackError
from shared.changes.stopped_set import StoppedSet
from shared.clock import SystemClock
from tests.bench.gateway_beside import one_more
from tests.bench.load import HOST, Request
from tests.bench.revocation.background_load import BackgroundLoad
from tests.bench.revocation.gateways import Site
from tests.bench.revocation.http_client import Connections
from tests.bench.revocation.targets import Maker

TURN = 2.0
"""Seconds."""
PER_SECOND = 150
"""Requests to each of the two."""
CHANGES_PER_SECOND = 10
STOPPED = 100_000
FOLLOWING, DEAF = "follows the changes", "has its snapshot alone"


@dataclass
class Spent:
    """CPU time of one gateway: seconds in each turn, and requests where there were any."""

    idle: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    changing: list[float] = field(default_factory=list)

    def idle_per_second(self) -> float:
        """Milliseconds."""
        return statistics.median(self.idle) / TURN * 1e3

    def per_request(self, turns: list[float]) -> float:
        """Microseconds: the turn that was disturbed least."""
        return min(turns) / (TURN * PER_SECOND) * 1e6


async def cost(site: Site, maker: Maker, turns: int) -> dict[str, Spent]:
    """`turns` of each kind, both gateways at once, so that what disturbs the one disturbs the other."""
    use, _ = await maker.bystanders()
    # An empty database of the same Valkey for a stream, and a poll in a minute.
    deafness = {
        "PASSGATE_REDIS_URL": f"redis://{HOST}:{site.stack.valkey.port}/1",
        "PASSGATE_CHANGES_POLL_INTERVAL": "60",
        "PASSGATE_STALENESS_BOUND": "3600",
    }
    async with AsyncExitStack() as stack:
        following = await stack.enter_async_context(one_more(site.stack, site.peers, "gateway-following"))
        deaf = await stack.enter_async_context(one_more(site.stack, site.peers, "gateway-deaf", deafness))
        pids = {FOLLOWING: following.pid, DEAF: deaf.pid}
        spent = {name: Spent() for name in pids}
        both = (Connections(following.port), Connections(deaf.port))
        for connections in both:
            stack.callback(connections.close)
        await _load(both, use)
        for _ in range(turns):
            for kind in ("idle", "loaded", "changing"):
                before = {name: cpu_seconds(pid) for name, pid in pids.items()}
                if kind == "idle":
                    await asyncio.sleep(TURN)
                elif kind == "loaded":
                    await _load(both, use)
                else:
                    async with _changes(site.services["key_registry"], maker):
                        await _load(both, use)
                for name, pid in pids.items():
                    getattr(spent[name], kind).append(cpu_seconds(pid) - before[name])
    return spent


def cpu_seconds(pid: int) -> float:
    """What the process's threads have spent on a CPU, far finer than the ticks of /proc/PID/stat."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    except (OSError, ValueError, IndexError):
        raise StackError(f"/proc/{pid}/task/*/schedstat cannot be read") from None


def look_up_microseconds() -> float:
    """Whether any of the three ids that a token names is stopped, where 100,000 are."""
    stopped = StoppedSet(SystemClock())
    for _ in range(STOPPED):
        stopped.add(str(uuid.uuid4()), None)
    ids = tuple(str(uuid.uuid4()) for _ in range(3))
    number = 20_000
    return min(timeit.repeat(lambda: stopped.holds_any(ids), number=number, repeat=5)) / number * 1e6


async def _load(gateways: tuple[Connections, ...], use: Request) -> None:
    load = BackgroundLoad(gateways, (use,), PER_SECOND * len(gateways))
    await load.run(TURN)
    if load.refused:
        raise StackError(f"answers that should be 200: {dict(load.statuses)}")


@asynccontextmanager
async def _changes(registry: Connections, maker: Maker) -> AsyncIterator[None]:
    """Changes of an API client that nobody uses, at a steady rate."""
    wires = [request.wire(registry.port) for request in await maker.spare()]

    async def go_on() -> None:
        while True:
            for wire in wires:
                await asyncio.gather(registry.send(wire), asyncio.sleep(1 / CHANGES_PER_SECOND))

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
