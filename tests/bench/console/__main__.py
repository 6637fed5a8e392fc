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
from typing import NamedTuple
from urllib.parse import urlsplit

from deploy.local.report import Report
from deploy.local.stores.postgres import OWNER, create_owner_and_database
from shared.logging import configure
from tests.bench.console.dataset import COMPANIES, CREDENTIALS, PREFIX, fill
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.key_registry import Admin, migrate, running_registry
from tests.support.harness.stores import postgres_server, valkey_server

MAX_BYTES = 100_000
MAX_MS = 300.0
TURNS = 7
ACTS = 200
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
    "/needs-attention",
    "/webhooks",
    "/signing-keys",
    "/report-only",
    "/people",
    "/account",
)
PARTNERS = (
    "/portal",
    "/portal/arrivals",
    "/portal/how-to-call",
    "/portal/usage",
    "/portal/usage/api-clients",
    "/portal/refused-calls",
    "/portal/sessions",
    "/portal/activity",
    "/portal/doctor",
    COMPANY,
    "/search",
    "/notices",
    "/people",
)
SEARCHED = ("Company 9999", "client 1000", "client", PREFIX)
"""What one object has, what a third of them have, and the beginning of what a thousand have."""


class Row(NamedTuple):
    page: str
    size: int
    ms: float

    @property
    def within(self) -> bool:
        return self.size <= MAX_BYTES and self.ms <= MAX_MS


async def pages_of(owner: Browser) -> list[str]:
    """Those of above, and those of one credential that is found by its company's list."""
    await owner.open(f"{COMPANY}/credentials/api-clients")
    links = owner.page.links.values()
    credential = next(link for link in links if f"{COMPANY}/api-clients/" in urlsplit(link).path)
    path = urlsplit(credential).path
    return [*OPERATORS, path, f"{path}/change", f"{path}/limits"]


async def measured(console: Console, report: Report) -> list[Row]:
    owner = await console.person("owner")
    rows = [await opened(owner, path, path, report) for path in await pages_of(owner)]
    (company,) = (await console.registry.owner.get(f"/companies?client_prefix={PREFIX}")).body["items"]
    await renamed(console.registry.owner, company["id"])
    partner = await console.person("owner", company_id=company["id"])
    rows += [await opened(partner, path, f"partner: {path}", report) for path in PARTNERS]
    return [*rows, *[await searched(owner, text, report) for text in SEARCHED]]


async def renamed(owner: Admin, company_id: str) -> None:
    """As many lines of the audit trail as the page of what people did is taken from."""
    for item in (await owner.get(f"/api-clients?company_id={company_id}&limit={ACTS}")).body["items"]:
        await owner.patch(f"/api-clients/{item['id']}", {"comment": f"{item['comment']} of the large company"})


async def opened(browser: Browser, path: str, name: str, report: Report) -> Row:
    times = []
    for _ in range(TURNS):
        began = time.perf_counter()
        page = await browser.open(path)
        times.append((time.perf_counter() - began) * 1000)
        if page.status != 200:
            raise SystemExit(f"{name}: {page.status}")
    report.step(name)
    return Row(name, len(browser.page.text.encode()), statistics.median(times))


async def searched(browser: Browser, text: str, report: Report) -> Row:
    name, times = f"/search: {text}", []
    for _ in range(TURNS):
        await browser.open("/search")
        began = time.perf_counter()
        await browser.press("Search", What_you_have_of_it=text)
        times.append((time.perf_counter() - began) * 1000)
    report.step(name)
    return Row(name, len(browser.page.text.encode()), statistics.median(times))


async def measure(report: Report, directory: Path) -> list[Row]:
    with postgres_server() as postgres, valkey_server() as valkey:
        server = urlsplit(postgres)
        await create_owner_and_database(postgres, server.password or "", "bench")
        url = f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/bench"
        await migrate(url)
        await fill(url, report.step)
        async with (
            running_registry(url, directory, redis_url=valkey, store_timeout=20.0) as registry,
            running_console(registry, registry_timeout=20.0) as console,
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
    for row in rows:
        print(f"{row.page:60} {row.size:8,} {row.ms:8.1f}{'' if row.within else ' beyond'}")
    return 0 if all(row.within for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
