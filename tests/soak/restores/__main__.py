"""`python -m tests.soak.restores`: dumps restored at random moments, behind `make soak-restores`.

Each restore is of a whole installation (registry, issuer, operator, gateway over real stores), stopped or running,
with Valkey or the registry's folder lost as well, or the gateway's memory. What was stopped, or was used, must not
be accepted again, and what is new must be accepted within a minute.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.soak.restores.installation import Installation, Outcome
from tests.support.harness import key_registry, token_issuer
from tests.support.harness.database_copies import DatabaseCopies
from tests.support.harness.database_template import DatabaseTemplate
from tests.support.harness.stores import postgres_server, valkey_server

BACK_LIMIT_S = 60.0
LOST = ("nothing", "valkey", "folder", "gateway")


async def soak(restores: int, at_once: int, seed: int, every: int) -> tuple[bool, str]:
    """Whether all promises were kept, and what was seen."""
    outcome = Outcome()
    shares = [len(range(number, restores, at_once)) for number in range(at_once)]
    with tempfile.TemporaryDirectory() as directory, postgres_server() as postgres, valkey_server() as valkey:
        async with DatabaseTemplate.migrated_by(migrate, postgres) as template, asyncio.TaskGroup() as group:
            for number, share in enumerate(shares):
                place = Path(directory) / str(number)
                redis_url = urlsplit(valkey)._replace(path=f"/{number}").geturl()
                rng = random.Random(seed * 1000 + number)
                group.create_task(_track(template, redis_url, place, share, rng, outcome, every))
    return not outcome.violations and max(outcome.back + outcome.back_without) <= BACK_LIMIT_S, _report(outcome)


async def migrate(database_url: str) -> None:
    await key_registry.migrate(database_url)
    await token_issuer.migrate(database_url)


async def _track(
    template: DatabaseTemplate,
    redis_url: str,
    place: Path,
    restores: int,
    rng: random.Random,
    outcome: Outcome,
    every: int,
) -> None:
    """One installation, whose database is restored again and again."""
    async with template.copy() as url, Installation.up(url, redis_url, place, rng, outcome) as installation:
        copies = DatabaseCopies(template.superuser_url, urlsplit(url).path[1:])
        for number in range(restores):
            await _restore(installation, copies, rng, outcome, assertions=number % every == 0)
        await copies.discard()


async def _restore(
    installation: Installation, copies: DatabaseCopies, rng: random.Random, outcome: Outcome, *, assertions: bool
) -> None:
    stopped, lost = rng.random() < 0.5, rng.choice(LOST)
    await installation.work(rng.uniform(0.3, 1.5))
    await copies.keep()
    await installation.work(rng.uniform(0.2, 2.0))
    await installation.probe()
    if stopped:
        await installation.stop()
    await installation.lose(lost)
    await copies.go_back()
    restored_at = time.monotonic()
    if stopped:
        await installation.start()
    await installation.until_back(restored_at, assertions=assertions)
    (outcome.back if assertions else outcome.back_without).append(time.monotonic() - restored_at)
    outcome.kinds["over a stopped registry" if stopped else "under a running registry"] += 1
    outcome.lost[f"{lost} lost as well"] += 1
    await installation.probe()
    print(
        f"{sum(outcome.lost.values())} restores, {len(outcome.violations)} violations", file=sys.stderr, flush=True
    )


def _report(outcome: Outcome) -> str:
    back, without, first = sorted(outcome.back), sorted(outcome.back_without), sorted(outcome.first)
    lines = [
        f"{sum(outcome.kinds.values())} restores: {_counts(outcome.kinds)}; {_counts(outcome.lost)}",
        f"probed after a stop or a use: {_counts(outcome.probes)}",
        f"accepted again: {_counts(outcome.accepted)}",
        f"first new call accepted after {statistics.median(first):.1f} s (median), {first[-1]:.1f} s (longest)",
        f"API tokens and JWTs accepted again after {statistics.median(without or [0.0]):.1f} s (median), "
        f"{max(without, default=0.0):.1f} s (longest)",
        f"in {len(back)} of them new assertions with a jti were waited for: all accepted again after "
        f"{statistics.median(back):.1f} s (median), {back[-1]:.1f} s (longest)",
    ]
    lines += [f"VIOLATION {text}" for text in outcome.violations[:20]] or ["no violation"]
    return "\n".join(lines)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counter.items())) or "0"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.restores")
    parser.add_argument("--restores", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=5, help="installations beside each other (at most 16)")
    parser.add_argument("--assertions-every", type=int, default=1, help="wait for new assertions after each Nth")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with logs_elsewhere():
        kept, report = asyncio.run(
            soak(given.restores, min(given.at_once, 16, given.restores), given.seed, given.assertions_every)
        )
    print(report)
    return 0 if kept else 1


@contextmanager
def logs_elsewhere() -> Iterator[None]:
    """All processes of the installations are this one, and log to its standard output."""
    sys.stdout.flush()
    kept, log = os.dup(1), os.open(os.environ.get("SOAK_LOG", os.devnull), os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(log)
        os.close(kept)


if __name__ == "__main__":
    sys.exit(main())
