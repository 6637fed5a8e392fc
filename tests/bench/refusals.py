"""`python -m tests.bench.refusals`: the bytes of audit trail that one refused request costs, in PostgreSQL.

A minute of junk from as many addresses as are told apart and more, and a known credential that is refused as often,
each `REFUSALS` times, written by the registry's own store. The size of the table is with its indexes.
"""

import asyncio
import secrets
from urllib.parse import urlsplit

import asyncpg

from deploy.local.stores.postgres import OWNER, create_owner_and_database
from services.key_registry.recording.recorder import AuditLog
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.store import PostgresStore
from shared.audit.trail import AuditTrail
from shared.clock import SystemClock
from shared.logging import request_id
from shared.postgres.migrations import migrate
from shared.postgres.pool import Database
from tests.support.harness.stores import postgres_server

REFUSALS = 50_000


async def measure(url: str) -> None:
    await asyncio.to_thread(migrate, url, schema=SCHEMA, folder=MIGRATIONS)
    database = Database(url, schema=SCHEMA, timeout=10)
    await database.start()
    for name, known in (("junk", False), ("known credential", True)):
        before = await _size(url)
        trail = AuditTrail(AuditLog(PostgresStore(database, timeout=10)), service="gateway", clock=SystemClock())
        for n in range(REFUSALS):
            request_id.set(secrets.token_hex(16))
            if known:
                trail.note_refusal(trail.event("api_token.refused", subject="a" * 36, detail={"cause": "expired"}))
            else:
                trail.count_refusal(
                    cause="malformed", endpoint="sites", client=f"2001:db8::{n % 500:x}", logged=True
                )
        await trail.start()
        await trail.stop()
        after = await _size(url)
        rows, size, wal = (new - old for new, old in zip(after, before, strict=True))
        print(
            f"{name}: {REFUSALS} refusals in a minute, {rows} rows, table {size} bytes "
            f"({size / REFUSALS:.2f} each), WAL {wal} bytes ({wal / REFUSALS:.2f} each)"
        )
    await database.stop()


async def _size(url: str) -> tuple[int, int, int]:
    """Rows, bytes of the table with its indexes, bytes of WAL written so far."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.audit")
        size = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree($1::regclass)", f"{SCHEMA}.audit_line"
        )
        wal = await connection.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        return int(rows), int(size), int(wal)
    finally:
        await connection.close()


async def main() -> None:
    with postgres_server() as url:
        server = urlsplit(url)
        await create_owner_and_database(url, server.password or "", "bench")
        await measure(f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/bench")


if __name__ == "__main__":
    asyncio.run(main())
