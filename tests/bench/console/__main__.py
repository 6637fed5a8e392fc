"""`python -m tests.bench.console`: bytes and time of each of the console's pages over much data; behind
`make bench-console`.

The key registry and the console run in this process, and the time is from the request to the whole response: an
upper bound of what a server takes.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.report import Report
from deploy.local.stores.postgres import OWNER, create_owner_and_database
from shared.logging import configure
from tests.bench.console.dataset import COMPANIES, CREDENTIALS, PREFIX, fill
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.key_registry import migrate, running_registry
from tests.support.harness.stores import postgres_server, valkey_server

MAX_BYTES = 100_000
MAX_MS = 300.0
TURNS = 7
COMPANY = f"/companies/{PREFIX}"
OPERATORS = (
    "/",
    "/companies",
    "/companies?q=company+99",
    COMPANY,
    f"{COMPANY}/credentials/api-clients",
    f"{COMPANY}/credentials/access-keys",
    f"{COMPANY}/booked-applications",
    f"{COMPANY}/api",
    f"{COMPANY}/access-keys",
    f"{COMPANY}/settings",
    f"{COMPANY}/settings/limits",
    "/applications",
    "/search",
    "/explain",
    "/system",
    "/audit",
    "/operations",
    "/notices",
    "/expiries",
    "/hygiene",
    "/webhooks",
    "/signing-keys",
    "/report-only",
    "/people",
    "/account",
)
SEARCHED = ("Company 9999", "client 1000", "client", PREFIX)
"""What one object has, what a third of them have, and the beginning of what a thousand have."""


async def pages_of(owner: Browser) -> list[str]:
    """Those of above, and those of one credential that is found by its company's list."""
    await owner.open(f"{COMPANY}/credentials/api-clients")
    links = owner.page.links.values()
    credential = next(link for link in links if f"{COMPANY}/api-clients/" in urlsplit(link).path)
    path = urlsplit(credential).path
    return [*OPERATORS, path, f"{path}/change", f"{path}/limits"]


async def measured(console: Console, report: Report) -> list[tuple[str, int, float]]:
    owner = await console.person("owner")
    rows = []
    for path in await pages_of(owner):
        times, size = [], 0
        for _ in range(TURNS):
            began = time.perf_counter()
            page = await owner.open(path)
            times.append((time.perf_counter() - began) * 1000)
            size = len(page.text.encode())
            if page.status != 200:
                raise SystemExit(f"{path}: {page.status}")
        rows.append((path, size, statistics.median(times)))
        report.step(path)
    for text in SEARCHED:
        times = []
        for _ in range(TURNS):
            await owner.open("/search")
            began = time.perf_counter()
            page = await owner.press("Search", What_you_have_of_it=text)
            times.append((time.perf_counter() - began) * 1000)
        rows.append((f"/search: {text}", len(page.text.encode()), statistics.median(times)))
        report.step(f"/search: {text}")
    return rows


async def measure(report: Report, directory: Path) -> list[tuple[str, int, float]]:
    with postgres_server() as postgres, valkey_server() as valkey:
        server = urlsplit(postgres)
        await create_owner_and_database(postgres, server.password or "", "bench")
        url = f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/bench"
        await migrate(url)
        await fill(url, report.step)
        async with (
            running_registry(url, directory, redis_url=valkey, store_timeout=20.0) as registry,
            running_console(registry) as console,
        ):
            return await measured(console, report)


def main(argv: Sequence[str] | None = None) -> int:
    """0: each page is within its bytes and its time."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console", description=__doc__)
    parser.parse_args(argv)
    configure("console-bench", "error")
    report = Report(sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        rows = asyncio.run(measure(report, Path(directory)))
    print(f"{COMPANIES:,} companies, {CREDENTIALS:,} credentials, a year of usage; the median of {TURNS} turns.")
    print(f"\n{'page':60} {'bytes':>8} {'ms':>8}")
    for path, size, ms in rows:
        beyond = " beyond" if size > MAX_BYTES or ms > MAX_MS else ""
        print(f"{path:60} {size:8,} {ms:8.1f}{beyond}")
    return int(any(size > MAX_BYTES or ms > MAX_MS for _, size, ms in rows))


if __name__ == "__main__":
    sys.exit(main())
