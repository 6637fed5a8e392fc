"""One worker and two: what the second adds, and what each takes of memory."""

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from tests.bench.cores import Division, division, pinned
from tests.bench.cpu import snapshot, tree
from tests.bench.gateway_beside import one_more
from tests.bench.load import CONNECTIONS, Load
from tests.bench.memory_use import Memory, memory_of
from tests.bench.page import aligned, paragraph
from tests.bench.paths.bearers import site
from tests.bench.paths.race import NGINX, Ring, Server
from tests.bench.peers import nginx
from tests.bench.process import free_ports
from tests.bench.turns import Contestant, Result, interleave

ONE, TWO = "Passgate, 1 worker", "Passgate, 2 workers"
NGINX_ONE, NGINX_TWO = "nginx, 1 worker", "nginx, 2 workers"
ALONE = {TWO: ONE, NGINX_TWO: NGINX_ONE}
"""Whom each is compared with."""
TITLE = "## Gateway: two workers beside one"
TEXT = (
    "The bearers that it has seen before, and nginx beside it, which checks nothing. {cores} *by req/s* is the "
    "throughput of two over that of one; *by CPU* is what it comes to where each worker has a core of its own: "
    "twice the CPU time of a request with one worker, over that with two."
)
PINNED = "The workers have two cores of their own, wrk and the upstream others."
EACH_WITH_LOAD = (
    "This machine has {count} cores, none of which can be the workers' alone. So one worker has one core, with wrk "
    "and the upstream on it, and two have two, with the same wrk and upstream for twice as many connections: each "
    "worker shares its core with as much load."
)
SHARED = "This machine has one core, which all share: two workers can be no faster."
MEMORY = "Memory of each process after that, with no connection open:"


class Workers:
    name = "workers"

    async def measure(self, ring: Ring) -> str:
        """The section about it. Raises `StackError`."""
        requests = [site(token) for token in await ring.bearers()]
        cores = sorted(os.sched_getaffinity(0))
        divided = division(cores)
        load = Load(cores=divided.load if divided else None)
        async with AsyncExitStack() as own:
            servers = await _servers(ring, own)
            contestants = [Contestant(name, s.port, s.pid, requests, load=load) for name, s in servers.items()]
            if divided or len(cores) < 2:
                results = await _race(ring, contestants, divided)
            else:
                results = await _each_with_load(ring, contestants, cores)
            memory = [(name, memory_of(pid)) for name, pid in _processes(servers)]
        described = PINNED if divided else EACH_WITH_LOAD if len(cores) > 1 else SHARED
        text = paragraph(TEXT.format(cores=described.format(count=len(cores))))
        return "\n".join([TITLE, "", text, "", *throughput(results), "", MEMORY, "", *memory_table(memory), ""])


async def _race(ring: Ring, contestants: Sequence[Contestant], divided: Division | None) -> list[Result]:
    with pinned(divided, [contestant.pid for contestant in contestants], ring.upstream.pid):
        return await interleave(contestants, ring.turns, ring.directory, ring.progress)


async def _each_with_load(ring: Ring, contestants: Sequence[Contestant], cores: Sequence[int]) -> list[Result]:
    """Those with one worker on one core, then those with two on two; the load and the upstream where they are."""
    results = []
    for count in (1, 2):
        own = frozenset(cores[:count])
        load = Load(connections=CONNECTIONS * count, cores=own)
        racing = [replace(one, load=load) for one in contestants if (one.name in ALONE) == (count == 2)]
        results += await _race(ring, racing, Division(own, own, own))
    return results


async def _servers(ring: Ring, own: AsyncExitStack) -> dict[str, Server]:
    """Both gateways are new: that of the stack may have other races behind it, and remembers them."""
    servers = {}
    for number, name in enumerate((ONE, TWO), 1):
        settings = {"PASSGATE_GATEWAY_WORKERS": str(number)}
        beside = one_more(ring.product.stack, ring.peers, f"gateway-workers-{number}", settings)
        gateway = await own.enter_async_context(beside)
        servers[name] = Server(gateway.port, gateway.pid)
    others = await ring.gateways()
    (port,) = free_ports(1)
    if NGINX in others and (command := nginx.proxy(ring.directory, port, ring.upstream.port, workers=2)):
        pid = await own.enter_async_context(ring.peers.running(command, port))
        servers |= {NGINX_ONE: others[NGINX], NGINX_TWO: Server(port, pid)}
    return servers


def throughput(results: Sequence[Result]) -> list[str]:
    """A table; of those with two workers also the ratios to those with one."""
    by_name = {result.contestant.name: result for result in results}
    rows = []
    for name, result in by_name.items():
        ratios = ["", ""]
        if name in ALONE:
            alone = by_name[ALONE[name]]
            ratios = [f"{result.best_rate / alone.best_rate:.2f}", f"{2 * alone.minimum / result.minimum:.2f}"]
        figures = [f"{result.minimum:.0f}", f"{result.median:.0f}", f"{result.best_rate:,.0f}"]
        rows.append([name, *figures, f"{result.p99_ms:.1f}", *ratios])
    return aligned([["contestant", "CPU us, best", "median", "req/s, best", "p99 ms", "by req/s", "by CPU"], *rows])


def memory_table(rows: Sequence[tuple[str, Memory]]) -> list[str]:
    head = ["process", "MB resident", "MB, its part of what is shared (PSS)"]
    return aligned([head, *([name, f"{memory.rss:.0f}", f"{memory.pss:.0f}"] for name, memory in rows)])


def _processes(servers: dict[str, Server]) -> list[tuple[str, int]]:
    """Each of the gateways' processes: the first of several is the one that starts the others."""
    found = []
    processes = snapshot()
    for name in (ONE, TWO):
        first, *others = tree(processes, servers[name].pid)
        found.append((f"{name}: supervisor" if others else name, first))
        found += [(f"{name}: worker {number}", pid) for number, pid in enumerate(sorted(others), 1)]
    return found
