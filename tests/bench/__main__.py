"""`python -m tests.bench`: CPU time per request of the hot paths, behind `make bench`."""

import argparse
import io
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.compiled.compilation import compiled_copy
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT
from tests.bench import machine, page
from tests.bench.command import run
from tests.bench.load import wrk
from tests.bench.paths import PATHS
from tests.bench.paths.race import Measurement, Ring, Server
from tests.bench.peers import floor, nginx
from tests.bench.process import Peers, end_leftovers
from tests.bench.product import MeasuredStack, running
from tests.bench.tokens import signature
from tests.support.free_port import free_port

TURNS = 6
PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Plan:
    """What is to be measured, and where the files of the run go."""

    paths: Sequence[Measurement]
    turns: int
    with_peers: bool
    compiled: bool
    work: Path

    @property
    def whole(self) -> bool:
        """Whether the result is worth a place in the documentation."""
        return len(self.paths) == len(PATHS) and self.turns >= TURNS and self.with_peers and self.compiled


def main(argv: Sequence[str] | None = None) -> int:
    plan = parsed_plan(argv)

    async def measured(run_file: RunFile, report: Report) -> str:
        wrk()
        return await measure(plan, run_file, report)

    return run(measured, work=plan.work, page=PAGE if plan.whole else None)


async def measure(plan: Plan, run_file: RunFile, report: Report) -> str:
    """Start the product and the upstream, let the contestants race on each path, and return the page."""
    directory = plan.work / "files"
    stack_directory = plan.work / "stack"
    for leftovers in (run_file, RunFile(stack_directory / "run"), *map(RunFile, directory.glob("*/run"))):
        end_leftovers(leftovers)
    for old in (directory, stack_directory):
        shutil.rmtree(old, ignore_errors=True)
    directory.mkdir(parents=True)
    code = ROOT
    if plan.compiled:
        code = plan.work / "compiled"
        compiled_copy(ROOT, code, report.step)
    peers = Peers(run_file, directory)
    began, facts = time.monotonic(), machine.facts()
    sections = []
    async with AsyncExitStack() as whole:
        behind = await whole.enter_async_context(upstream(peers, directory))
        stack = MeasuredStack(stack_directory, behind.port, code=code)
        product = await whole.enter_async_context(running(stack, Report(io.StringIO())))
        report.step("the product is ready")
        ring = Ring(product, peers, directory, behind, whole, plan.turns, plan.with_peers, report.step)
        for path in plan.paths:
            ring.progress = _progress(report, path)
            sections.append(await path.measure(ring))
        key = await product.signing_key()
    facts["duration of the run"] = f"{(time.monotonic() - began) / 60:.1f} minutes"
    return page.page(sections, facts, page.Conditions(plan.turns, key, signature.microseconds(key)))


@asynccontextmanager
async def upstream(peers: Peers, directory: Path) -> AsyncIterator[Server]:
    """What the gateways forward to. Raises `StackError` where nginx is not installed."""
    port = free_port()
    command = nginx.upstream(directory, port)
    if command is None:
        command = floor.command(port)
    async with peers.running(command, port) as pid:
        yield Server(port, pid)


def _progress(report: Report, path: Measurement) -> Callable[[str], None]:
    return lambda text: report.step(f"{path.name}: {text}")


def parsed_plan(argv: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure CPU time per request of the hot paths, beside nginx, HAProxy, Envoy, oidc-provider "
        "and a bare aiohttp application where they are installed (`make bench-peers`).",
        epilog=f"A whole run takes some ten minutes and writes {PAGE.relative_to(ROOT)}; any other only prints. "
        "PASSGATE_SIGNING_ALGORITHM and PASSGATE_SIGNING_KEY_BITS choose the issuer's signing key.",
    )
    names = [path.name for path in PATHS]
    parser.add_argument("--paths", nargs="+", choices=names, metavar="PATH", help=f"of {', '.join(names)} (all)")
    parser.add_argument("--turns", type=int, default=TURNS, help="of one second for each contestant (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="one turn each, to see that all works")
    parser.add_argument("--no-peers", action="store_true", help="the product alone")
    parser.add_argument(
        "--not-compiled", action="store_true", help="the sources as they are, as `make up` runs them"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "bench", help="for its files (%(default)s)")
    given = parser.parse_args(argv)
    if not 1 <= given.turns <= 100:
        parser.error("--turns must be from 1 to 100")
    paths = [path for path in PATHS if not given.paths or path.name in given.paths]
    turns = 1 if given.quick else given.turns
    return Plan(paths, turns, not given.no_peers, not given.not_compiled, given.work.absolute())


if __name__ == "__main__":
    sys.exit(main())
