"""`python -m tests.bench.revocation`: how soon a revocation is in force, behind `make bench-revocation`."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.errors import StackError
from deploy.local.health import until_ready
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT
from tests.bench import machine
from tests.bench.__main__ import upstream
from tests.bench.command import run
from tests.bench.gateway_beside import READY_LIMIT
from tests.bench.process import Peers, end_leftovers
from tests.bench.revocation.background_load import BackgroundLoad
from tests.bench.revocation.cost import cost, look_up_microseconds
from tests.bench.revocation.gateways import Site, site
from tests.bench.revocation.observation import revoke_all, send_all_again
from tests.bench.revocation.outage import measure_outage
from tests.bench.revocation.page import Figures, Phase, page
from tests.bench.revocation.receipts import receipts
from tests.bench.revocation.targets import Maker, Target, maker

REVOCATIONS, WITHOUT_VALKEY, COST_TURNS = 1000, 150, 4
QUICK = (50, 15, 1)
PAGE = ROOT / "docs" / "benchmarks-revocation.md"
BYSTANDERS_PER_SECOND = 80
NEEDS_VALKEY = ("access key",)
"""Kinds whose credentials are answered with 503 while Valkey is stopped, revoked or not."""


@dataclass(frozen=True)
class Plan:
    """How many revocations with Valkey and without, and turns of each kind for the cost."""

    revocations: int
    without_valkey: int
    turns: int
    work: Path

    @property
    def whole(self) -> bool:
        """Whether the result is worth a place in the documentation."""
        return (self.revocations, self.without_valkey, self.turns) == (REVOCATIONS, WITHOUT_VALKEY, COST_TURNS)


def main(argv: Sequence[str] | None = None) -> int:
    plan = _plan(argv)
    return run(partial(measure, plan), work=plan.work, page=PAGE if plan.whole else None)


async def measure(plan: Plan, run_file: RunFile, report: Report) -> str:
    """Start the stack, take away what can be taken away, and return the page."""
    directory, stack_directory = plan.work / "files", plan.work / "stack"
    for leftovers in (run_file, RunFile(stack_directory / "run")):
        end_leftovers(leftovers)
    for old in (directory, stack_directory):
        shutil.rmtree(old, ignore_errors=True)
    directory.mkdir(parents=True)
    peers = Peers(run_file, directory)
    facts = {name: value for name, value in machine.facts().items() if name not in ("Envoy", "wrk")}
    async with AsyncExitStack() as whole:
        behind = await whole.enter_async_context(upstream(peers, directory))
        here = await whole.enter_async_context(site(stack_directory, peers, behind.port))
        report.step(f"the stack and its {len(here.gateways)} gateways are ready")
        created = await whole.enter_async_context(maker(here.product))
        figures = await _measured(plan, here, created, report)
    return page(figures, facts)


async def _measured(plan: Plan, here: Site, created: Maker, report: Report) -> Figures:
    kinds = list(created.kinds)
    targets = await created.make(plan.revocations, kinds, "with")
    lasting = [kind for kind in kinds if kind not in NEEDS_VALKEY]
    later = [_lasting(target) for target in await created.make(plan.without_valkey, lasting, "without")]
    report.step(f"{len(targets) + len(later)} objects to be revoked, with credentials in use")
    with_valkey = await _phase(here, created, targets, "Valkey running", WITH, report)
    with_valkey.receipt_times = await receipts(with_valkey.series.outcomes, here.services["key_registry"], created)

    await here.valkey.stop()
    without = await _phase(here, created, later, "Valkey stopped", WITHOUT, report)
    bystanders = await created.bystanders()
    found = await measure_outage(here.gateways, bystanders, here.product.pids["key_registry"])
    report.step(f"registry silent: the last accepted request after {found.last_accepted:.1f} s")
    await here.valkey.start()
    if reason := await until_ready(here.product.stack.url("session_tokens"), READY_LIMIT):
        raise StackError(f"session_tokens is not ready with Valkey back: it {reason}")

    outcomes = [*with_valkey.series.outcomes, *without.series.outcomes]
    not_refused = await send_all_again(outcomes)
    report.step(f"asked again: {not_refused} of {len(outcomes)} revocations not in force everywhere")
    spent = await cost(here, created, plan.turns)
    look_up = await asyncio.to_thread(look_up_microseconds)
    return Figures((with_valkey, without), found, len(outcomes), not_refused, spent, look_up)


WITH = "Revocations reach consumers by the change stream."
WITHOUT = (
    "Its port is closed, so that no stream can be read: consumers ask the registry for changes. Session tokens, "
    "which are in Valkey themselves, are valid nowhere then, and not among these."
)


async def _phase(
    here: Site, created: Maker, targets: Sequence[Target], title: str, explanation: str, report: Report
) -> Phase:
    others = BackgroundLoad(here.gateways, await created.bystanders(), BYSTANDERS_PER_SECOND)
    async with others.running():
        series = await revoke_all(targets, here.gateways, here.services, _progress(report, title))
    return Phase(title, explanation, series, others)


def _lasting(target: Target) -> Target:
    """Without the uses that need Valkey."""
    uses = tuple(use for use in target.uses if use.path != "/editor")
    return Target(target.kind, uses, target.stop, target.service)


def _progress(report: Report, title: str) -> Callable[[str], None]:
    return lambda text: report.step(f"{title}: {text}")


def _plan(argv: Sequence[str] | None) -> Plan:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.revocation",
        description="Measure how soon a revocation is in force at four gateways, with Valkey and without.",
        epilog=f"A whole run takes about four minutes and writes {PAGE.relative_to(ROOT)}; any other only prints.",
    )
    parser.add_argument("--revocations", type=int, default=REVOCATIONS, help="of mixed kinds (%(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK[0]} of them, to see that all works")
    work = ROOT / "var" / "bench-revocation"
    parser.add_argument("--work", type=Path, default=work, help="for its files (%(default)s)")
    given = parser.parse_args(argv)
    if not 7 <= given.revocations <= 10_000:
        parser.error("--revocations must be from 7 to 10000")
    revocations, without_valkey, turns = QUICK if given.quick else (given.revocations, WITHOUT_VALKEY, COST_TURNS)
    return Plan(revocations, without_valkey, turns, given.work.absolute())


if __name__ == "__main__":
    sys.exit(main())
