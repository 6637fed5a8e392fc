"""`python -m tests.soak`: a gateway beside upstreams that fail in each way, behind `make soak-upstreams`."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from deploy.generate_secrets import generate_secrets
from tests.bench.load import Request
from tests.bench.memory.leaving_clients import LeavingClients, ways
from tests.bench.memory.samples import Course, sample, table
from tests.soak.callers import Caller
from tests.soak.gateway import NAMES_VARIABLE
from tests.soak.judge import Judge
from tests.soak.routes import KEEP_IDLE_S, RouteFile
from tests.soak.strangers import Strangers
from tests.soak.upstreams import Upstreams, upstreams
from tests.support.harness.gateway_process import GatewayProcess, gateway_process

SLOW_ADDRESS, SLOW_PIECES = "127.0.2.3", 20
ADDRESSES = ("127.0.2.1", "127.0.2.2")
"""Of the callers of each upstream: two, since what one caller alone makes fail opens no circuit."""
CALL_INTERVAL_S = 0.3
GOOD_INTERVAL_S = 0.05
LEAVING_PER_SECOND = 5
SMALL = Request("GET", "/good/leaving")
UPLOAD = Request("POST", "/good/leaving", {}, b"a" * 200_000)
LARGE = Request("GET", "/slow/leaving")
ROUTES_INTERVAL_S = 3.0
AFTERMATH_S = 3 * KEEP_IDLE_S
"""Seconds after all callers have left until nothing of them must be left."""
MINUTE = 60.0


async def soak(minutes: float, bound_mb: float, directory: Path) -> tuple[bool, str]:
    """Whether all promises were kept, and what was seen."""
    generate_secrets(directory / "secrets")
    async with upstreams(directory) as behind:
        judge = Judge(behind.ways)
        environment = {NAMES_VARIABLE: str(behind.names_file)}
        async with gateway_process(
            directory, directory / "secrets", 9, module="tests.soak.gateway", **environment
        ) as gateway:
            routes = RouteFile(gateway.routes_file, behind.urls, behind.ways)
            routes.write()
            await gateway.logged("route_file.loaded", routes=len(behind.urls))
            course = Course(bound_mb, sample("start", gateway.process.pid, behind.open))
            leavings = ways(gateway.port, small=SMALL, upload=UPLOAD, large=LARGE)
            leaving = LeavingClients(gateway.port, leavings, LEAVING_PER_SECOND)
            strangers = Strangers(gateway.port, judge.violate)
            await _call(minutes, gateway, behind, judge, course, routes, leaving, strangers)
            await asyncio.sleep(AFTERMATH_S)
            end = sample("all have left", gateway.process.pid, behind.open)
            judge.left(await _metrics(gateway))
            faults = [line for line in gateway.log if '"level":"error"' in line or "Traceback" in line]
    for line in faults[:5]:
        judge.violate(f"the gateway has a fault: {line.strip()[:500]}")
    if end.connections:
        judge.violate(f"{end.connections} connections to upstreams are left")
    if end.descriptors > course.start.descriptors + 2:
        judge.violate(f"{end.descriptors} descriptors are open, and were {course.start.descriptors}")
    for name, servers in behind.servers.items():
        for server in servers:
            judge.posted(name, server.posted)
    left = ", ".join(f"{way} {count:,}" for way, count in sorted(leaving.count.items()))
    lines = [*judge.table(), "", *table([course.start, *course.minutes, end]), ""]
    lines += [f"left in the midst of: {left}", f"malformed requests: {strangers.sent:,}"]
    lines += [f"route files: {routes.written:,}", course.verdict()]
    lines += [f"VIOLATION {text}" for text in judge.violations] or ["no violation"]
    return course.flat and not judge.violations, "\n".join(lines)


async def _call(
    minutes: float,
    gateway: GatewayProcess,
    behind: Upstreams,
    judge: Judge,
    course: Course,
    routes: RouteFile,
    leaving: LeavingClients,
    strangers: Strangers,
) -> None:
    """All at once, for so many minutes."""
    callers = [
        Caller(gateway.port, name, address, GOOD_INTERVAL_S if name == "good" else CALL_INTERVAL_S, judge.observe)
        for name in behind.ways
        for address in ADDRESSES
    ]
    callers.append(Caller(gateway.port, "good", SLOW_ADDRESS, CALL_INTERVAL_S, judge.observe, pieces=SLOW_PIECES))

    async def reload() -> None:
        while True:
            await asyncio.sleep(ROUTES_INTERVAL_S)
            routes.write()

    async with asyncio.TaskGroup() as group:
        runs = (reload, behind.flap, leaving.run, strangers.run, *(caller.run for caller in callers))
        tasks = [group.create_task(run()) for run in runs]
        ends = time.monotonic() + minutes * MINUTE
        while (left := ends - time.monotonic()) > 0:
            await asyncio.sleep(min(MINUTE, left))
            course.minutes.append(sample(f"{len(course.minutes) + 1} min", gateway.process.pid, behind.open))
            judge.read_causes(await _metrics(gateway))
            print(
                table(course.minutes[-1:])[-1], f"{len(judge.violations)} violations", file=sys.stderr, flush=True
            )
            del gateway.log[:-2000]
        for task in tasks:
            task.cancel()


async def _metrics(gateway: GatewayProcess) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{gateway.ops_port}/metrics") as response,
    ):
        return await response.text()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description="A gateway beside upstreams that fail in each way: exit status 1 when a promise is not kept.",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="(%(default)s)")
    parser.add_argument(
        "--bound-mb", type=float, default=8.0, help="growth of memory that is allowed (%(default)s)"
    )
    given = parser.parse_args(argv)
    if not 0 < given.minutes <= 600:
        parser.error("--minutes must be above 0 and at most 600")
    with tempfile.TemporaryDirectory() as directory:
        kept, text = asyncio.run(soak(given.minutes, given.bound_mb, Path(directory)))
    print(text)
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
