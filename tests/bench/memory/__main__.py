"""`python -m tests.bench.memory`: does a gateway's memory stay flat? Behind `make bench-memory`."""

import argparse
import asyncio
import io
import resource
import shutil
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.errors import StackError
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT
from tests.bench.__main__ import upstream
from tests.bench.command import run
from tests.bench.gateway_beside import one_more
from tests.bench.load import Request
from tests.bench.memory.idle_clients import IdleClients
from tests.bench.memory.leaving_clients import LeavingClients, ways
from tests.bench.memory.route_changes import RouteChanges
from tests.bench.memory.samples import Course, Sample, sample, table
from tests.bench.paths.bearers import site
from tests.bench.peers import nginx
from tests.bench.process import Peers, end_leftovers
from tests.bench.product import MeasuredStack, Product, running
from tests.bench.revocation.background_load import BackgroundLoad
from tests.bench.revocation.http_client import Connections

MINUTE = 60.0
BEARERS = 200
PER_SECOND = 200
"""Requests of the steady load."""
LEAVING_PER_SECOND = 10
CONTENT_BYTES = 20_000
AFTERMATH_S = 3.0
"""Seconds after all clients have left until the last look: the gateway has closed their connections by then."""


@dataclass(frozen=True)
class Plan:
    minutes: float
    connections: int
    bound_mb: float
    work: Path


def main(argv: Sequence[str] | None = None) -> int:
    plan = _plan(argv)
    judged: list[Course] = []

    async def measured(run_file: RunFile, report: Report) -> str:
        course, text = await soak(plan, run_file, report)
        judged.append(course)
        return text

    status = run(measured, work=plan.work, page=None)
    return status or int(not all(course.flat for course in judged))


async def soak(plan: Plan, run_file: RunFile, report: Report) -> tuple[Course, str]:
    """Start all, look on for the minutes, and return what was seen. Raises `StackError`."""
    directory, stack_directory = plan.work / "files", plan.work / "stack"
    for leftovers in (run_file, RunFile(stack_directory / "run")):
        end_leftovers(leftovers)
    for old in (directory, stack_directory):
        shutil.rmtree(old, ignore_errors=True)
    directory.mkdir(parents=True)
    _allow_descriptors(plan.connections + 1000)
    peers = Peers(run_file, directory)
    async with AsyncExitStack() as whole:
        behind = await whole.enter_async_context(upstream(peers, directory))
        stack = MeasuredStack(stack_directory, behind.port)
        product = await whole.enter_async_context(running(stack, Report(io.StringIO())))
        routes = RouteChanges(directory / "routes.yaml", behind.port)
        settings = {"PASSGATE_GATEWAY_WORKERS": "1", "PASSGATE_ROUTES_FILE": str(directory / "routes.yaml")}
        gateway = await whole.enter_async_context(one_more(stack, peers, "gateway-memory", settings))
        report.step("the gateway is ready")
        clients = await Clients.of(product, gateway.port, plan.connections)
        course = Course(plan.bound_mb, sample("start", gateway.pid, 0))
        report.step(_shown(course.start))
        try:
            await _while_running((*clients.tasks, routes.run), _look(plan, course, gateway.pid, clients, report))
        finally:
            clients.close()
        await asyncio.sleep(AFTERMATH_S)
        end = sample("all have left", gateway.pid, 0)
    lines = [*table([course.start, *course.minutes, end]), "", *clients.summary(), f"route files: {routes.count:,}"]
    return course, "\n".join([*lines, course.verdict()])


async def _look(plan: Plan, course: Course, pid: int, clients: "Clients", report: Report) -> None:
    """A sample after each minute; the last one may be shorter."""
    left = plan.minutes
    while left > 0:
        await asyncio.sleep(min(1.0, left) * MINUTE)
        left -= 1
        when = f"{len(course.minutes) + 1} min" if left >= 0 else "end"
        course.minutes.append(sample(when, pid, len(clients.idle)))
        report.step(_shown(course.minutes[-1]))


async def _while_running(
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]], work: Coroutine[Any, Any, None]
) -> None:
    """Do `work` while all of `tasks` run, none of which ends by itself."""
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(task()) for task in tasks]
        await work
        for task in beside:
            task.cancel()


class Clients:
    """All who call: those who idle, those who leave, and a steady load."""

    def __init__(self, idle: IdleClients, leaving: LeavingClients, steady: BackgroundLoad, to: Connections) -> None:
        self.idle = idle
        self._leaving = leaving
        self._steady = steady
        self._connections = to
        self.tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (idle.run, leaving.run, steady.run)

    @classmethod
    async def of(cls, product: Product, port: int, count: int) -> "Clients":
        requests = [site(token) for token in await product.bearers(BEARERS)]
        authorization = requests[0].headers
        leaving = ways(
            port,
            small=requests[0],
            upload=Request("POST", nginx.LARGE, authorization, b"a" * CONTENT_BYTES),
            large=Request("GET", nginx.LARGE, authorization),
        )
        connections = Connections(port)
        return cls(
            IdleClients(port, [request.wire(port) for request in requests], count),
            LeavingClients(port, leaving, LEAVING_PER_SECOND),
            BackgroundLoad((connections,), requests, PER_SECOND),
            connections,
        )

    def close(self) -> None:
        self._connections.close()

    def summary(self) -> list[str]:
        left = ", ".join(f"{way} {count:,}" for way, count in sorted(self._leaving.count.items()))
        statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(self._steady.statuses.items()))
        return [
            f"idle clients: {self.idle.responses:,} responses, {self.idle.lost:,} connections lost",
            f"left in the midst of: {left}",
            f"steady load, by status (0: none): {statuses}",
        ]


def _shown(one: Sample) -> str:
    return (
        f"{one.when}: {one.megabytes:.1f} MB, {one.descriptors:,} descriptors, {one.connections:,} idle connections"
    )


def _allow_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise StackError(f"{count:,} descriptors are needed, and the hard limit (ulimit -Hn) is {hard:,}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _plan(argv: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.memory",
        description="Watch the memory of a gateway with one worker while clients idle, call and leave, and its "
        "route file changes every second. Exit status 1 when it is not flat.",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="(%(default)s)")
    parser.add_argument("--connections", type=int, default=10_000, help="of idle clients (%(default)s)")
    parser.add_argument("--bound-mb", type=float, default=8.0, help="growth that is allowed (%(default)s)")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "bench", help="for its files (%(default)s)")
    given = parser.parse_args(argv)
    if not 0 < given.minutes <= 600 or not 0 <= given.connections <= 12_000:
        parser.error("--minutes must be above 0 and at most 600, --connections at most 12000")
    return Plan(given.minutes, given.connections, given.bound_mb, given.work.absolute())


if __name__ == "__main__":
    sys.exit(main())
