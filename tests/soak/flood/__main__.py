"""`python -m tests.soak.flood`: a million junk calls, and what they leave: `make soak-flood`.

Registry, issuer, operator and gateway in this process over real stores, and the stranger in a process of its own.
What the tables, PostgreSQL's WAL, Valkey and the logs have grown by is held against what is promised.
"""

import argparse
import asyncio
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import redis.asyncio

from shared.logging.sampling import BYTES_PER_S
from shared.refusal_traces.sampling import IN_ALL
from tests.soak.restores.__main__ import logs_elsewhere, migrate
from tests.soak.restores.installation import Installation, Outcome
from tests.support.harness.database_template import DatabaseTemplate
from tests.support.harness.stores import postgres_server, valkey_server

PROCESSES = 4
"""Whose refusals are counted: registry, issuer, operator, gateway."""
SETTLING_S = 65.0
"""After the last call: what is counted by the minute has been written then."""
BYTES_OF_A_TRACE, BYTES_OF_A_LINE = 4_096, 65_536
"""At most, indexes included; a line of the audit trail names the sources of a minute."""
_ROWS = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('key_registry', 'token_issuer')
"""
Sizes = Mapping[str, tuple[int, int]]
"""Rows and bytes of each table, indexes included."""


async def soak(calls: int, seed: int) -> tuple[bool, str]:
    """Whether no more was left behind than is promised, and what was seen."""
    log = Path(os.environ["SOAK_LOG"])
    with tempfile.TemporaryDirectory() as directory, postgres_server() as postgres, valkey_server() as valkey:
        async with (
            DatabaseTemplate.migrated_by(migrate, postgres) as template,
            template.copy() as url,
            Installation.up(url, valkey, Path(directory) / "one", random.Random(seed), Outcome()) as installation,
        ):
            await asyncio.sleep(3.0)  # what a start writes is written
            before, wal, log_bytes = await _sizes(url), await _wal(url), log.stat().st_size
            memory = await _valkey(valkey)
            began = time.monotonic()
            statuses = await _called(installation.public, calls)
            took = time.monotonic() - began
            await asyncio.sleep(SETTLING_S)
            after, wal = await _sizes(url), await _wal(url) - wal
            memory, log_bytes = await _valkey(valkey) - memory, log.stat().st_size - log_bytes
    minutes = math.ceil((took + SETTLING_S) / 60)
    grown = {
        name: (after[name][0] - before[name][0], after[name][1] - before[name][1])
        for name in after
        if after[name] != before[name]
    }
    return _judged(statuses, took, minutes, grown, wal, memory, log_bytes)


async def _called(port: int, calls: int) -> Mapping[str, int]:
    arguments = ("-m", "tests.soak.flood.caller", str(port), str(calls))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return dict(json.loads(output))


async def _sizes(url: str) -> Sizes:
    connection = await asyncpg.connect(url)
    try:
        names = [record[0] for record in await connection.fetch(_ROWS)]
        return {
            name: (
                await connection.fetchval(f"SELECT count(*) FROM {name}"),
                await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", name),
            )
            for name in sorted(names)
        }
    finally:
        await connection.close()


async def _wal(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    finally:
        await connection.close()


async def _valkey(url: str) -> int:
    async with redis.asyncio.from_url(url) as client:
        return int((await client.info("memory"))["used_memory"])


def _judged(
    statuses: Mapping[str, int],
    took: float,
    minutes: int,
    grown: Mapping[str, tuple[int, int]],
    wal: int,
    memory: int,
    log_bytes: int,
) -> tuple[bool, str]:
    audit = sum(rows for name, (rows, _) in grown.items() if ".audit_line" in name)
    traces = sum(rows for name, (rows, _) in grown.items() if ".refusal_trace" in name)
    rows, size = (sum(values) for values in zip(*grown.values(), strict=True)) if grown else (0, 0)
    promised = {
        "lines of the audit trail": (audit, PROCESSES * (minutes + 1)),
        "traces of refusals": (traces, PROCESSES * IN_ALL * (minutes + 1)),
        "bytes of the tables": (
            size,
            PROCESSES * (minutes + 1) * (BYTES_OF_A_LINE + IN_ALL * BYTES_OF_A_TRACE),
        ),
        "bytes of logs": (log_bytes, int(PROCESSES * (minutes + 1) * 60 * BYTES_PER_S)),
        "accepted calls": (statuses.get("200", 0), 0),
        "responses of 500": (statuses.get("500", 0), 0),
    }
    total = sum(count for status, count in statuses.items() if status.isdigit())
    by_status = ", ".join(f"{count:,} {status}" for status, count in sorted(statuses.items()))
    lines = [
        f"{total:,} junk calls in {took:.0f} s ({total / took:,.0f} a second): {by_status}",
        f"PostgreSQL: {rows:,} rows, {size:,} bytes of tables, {wal:,} bytes of WAL ({wal / total:.2f} a call)",
        *(f"  {name}: {of[0]:,} rows, {of[1]:,} bytes" for name, of in grown.items()),
        f"Valkey: {memory:,} bytes; logs: {log_bytes:,} bytes",
    ]
    lines += [f"{what}: {found:,}, at most {most:,} are promised" for what, (found, most) in promised.items()]
    broken = [what for what, (found, most) in promised.items() if found > most]
    return not broken, "\n".join([*lines, *(f"VIOLATION more {what} than promised" for what in broken)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.flood")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.NamedTemporaryFile() as log:
        os.environ.setdefault("SOAK_LOG", log.name)
        with logs_elsewhere():
            kept, report = asyncio.run(soak(given.calls, given.seed))
    print(report)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
