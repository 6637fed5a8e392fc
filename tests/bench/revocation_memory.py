"""`python -m tests.bench.revocation_memory`: what 100,000 live revocations cost a gateway in memory and time."""

import argparse
import asyncio
import io
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from deploy.errors import StackError
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT
from tests.bench.cpu import resident_megabytes, snapshot
from tests.bench.gateway_beside import gateway_command
from tests.bench.load import HOST
from tests.bench.process import Peers, end_leftovers, free_ports
from tests.bench.product import MeasuredStack, Product, running

REVOCATIONS = 100_000
MAX_SECONDS = 5.0
MAX_MEGABYTES = 200.0
MAX_STALL = 0.5
"""Seconds for which the gateway may answer nothing."""
PATIENCE = 60.0
REQUEST_INTERVAL = 0.005
_FILL = """
    INSERT INTO key_registry.revocation (kind, id, until, reason, at)
    SELECT 'jwt', 'bench' || lpad(n::text, 17, '0'), $2, '', $3 FROM generate_series(1, $1) AS n
"""
_FORGET = """
    WITH gone AS (DELETE FROM key_registry.change RETURNING seq)
    INSERT INTO key_registry.change (seq, kind, id, status, at, until)
    SELECT coalesce(max(seq), 0) + 10, 'jwt', 'gap', 'revoked', $1::float8, $1::float8 + 60 FROM gone RETURNING seq
"""
"""As when a consumer was unavailable for longer than changes are kept: it has to start again from a snapshot."""


@dataclass(frozen=True)
class Figures:
    """Times in seconds. `stall` is the longest that the gateway's own liveness took to answer meanwhile,
    `idle_stall` the same of a process that had nothing to do."""

    start: float
    reload: float
    stall: float
    idle_stall: float
    megabytes: float

    @property
    def valid(self) -> bool:
        in_time = max(self.start, self.reload) < MAX_SECONDS
        return in_time and self.stall < MAX_STALL and self.megabytes < MAX_MEGABYTES

    def text(self, count: int) -> str:
        rows = (
            (
                f"{self.start:.2f} s",
                f"from its start to ready, the interpreter's included; limit {MAX_SECONDS:g} s",
            ),
            (f"{self.reload:.2f} s", f"from a gap in the changes to a new snapshot; limit {MAX_SECONDS:g} s"),
            (f"{self.stall * 1000:.0f} ms", f"longest stall meanwhile; limit {MAX_STALL * 1000:g} ms"),
            (f"{self.idle_stall * 1000:.0f} ms", "longest stall of an idle process at the same time"),
            (f"{self.megabytes:.1f} MB", f"resident; limit {MAX_MEGABYTES:g} MB"),
        )
        return "\n".join((f"a gateway with {count:,} live revocations:", *(f"{v:>10}  {what}" for v, what in rows)))


class Liveness:
    """Asks a process whether it is alive, again and again; `longest` is the slowest answer."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._longest = 0.0
        self._requested_at: float | None = None

    @property
    def longest(self) -> float:
        """The answer that is still awaited counts too."""
        pending = 0.0 if self._requested_at is None else time.monotonic() - self._requested_at
        return max(self._longest, pending)

    async def send(self) -> None:
        while True:
            self._requested_at = time.monotonic()
            async with self._http.get(f"{self._url}/health/live") as response:
                await response.read()
            self._longest = self.longest
            self._requested_at = None
            await asyncio.sleep(REQUEST_INTERVAL)


async def measure(work: Path, count: int) -> Figures:
    """Run a whole stack, fill the registry, start one more gateway. Raises `StackError`."""
    stack = MeasuredStack(work / "stack", upstream_port=9)
    async with running(stack, Report(io.StringIO())) as product:
        database = await asyncpg.connect(stack.store_dsn("postgres"), timeout=10)
        try:
            now = time.time()
            await database.execute(_FILL, count, now + 3600, now, timeout=PATIENCE)
            async with aiohttp.ClientSession() as http:
                return await _one_gateway(product, database, http, Peers(RunFile(work / "run"), work))
        finally:
            await database.close(timeout=10)


async def _one_gateway(
    product: Product, database: asyncpg.Connection, http: aiohttp.ClientSession, peers: Peers
) -> Figures:
    port, ops_port = free_ports(2)
    command = gateway_command(product.stack, "gateway", port, ops_port, {})
    url = f"http://{HOST}:{ops_port}"
    started = time.monotonic()
    async with peers.running(command, ops_port) as pid:
        idle_url = product.stack.url("sample_resources")
        async with _requested(Liveness(http, url)) as liveness, _requested(Liveness(http, idle_url)) as idle:
            await _ready(http, url)
            start = time.monotonic() - started
            forgotten = time.monotonic()
            position = await database.fetchval(_FORGET, time.time(), timeout=PATIENCE)
            await _followed(http, url, position)
            reload = time.monotonic() - forgotten
        return Figures(start, reload, liveness.longest, idle.longest, resident_megabytes(snapshot(), pid))


@asynccontextmanager
async def _requested(liveness: Liveness) -> AsyncIterator[Liveness]:
    task = asyncio.create_task(liveness.send())
    try:
        yield liveness
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _ready(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get(f"{url}/health/ready") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.02)


async def _followed(http: aiohttp.ClientSession, url: str, position: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get(f"{url}/health") as response:
                if (await response.json())["dependencies"]["changes"]["position"] >= position:
                    return
            await asyncio.sleep(0.02)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.revocation_memory",
        description="Measure what live revocations cost a gateway: start, reload, stalls, memory. "
        "Exit status 1 when a limit is missed.",
    )
    parser.add_argument("--revocations", type=int, default=REVOCATIONS, help="(%(default)s)")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "bench", help="for its files (%(default)s)")
    given = parser.parse_args(argv)
    report = Report(sys.stderr)
    work = given.work.absolute()
    try:
        with RunFile(work / "run").lock():
            for leftovers in (RunFile(work / "run"), RunFile(work / "stack" / "run")):
                end_leftovers(leftovers)
            shutil.rmtree(work / "stack", ignore_errors=True)
            figures = asyncio.run(measure(work, given.revocations))
    except (StackError, TimeoutError) as error:
        report.failure(str(error) or "the gateway did not get ready")
        return 1
    print(figures.text(given.revocations))
    return 0 if figures.valid else 1


if __name__ == "__main__":
    sys.exit(main())
