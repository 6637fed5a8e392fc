"""`python -m tests.bench.audit_lines`: the bytes that a line of the audit trail costs, and the time to append one.

Lines as the token issuer writes them: 20 companies with 5 clients each, every token another `jti` and request. They
are written by the registry's own store, in batches of each size; the bytes are with all indexes.
"""

import asyncio
import secrets
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
from uuid_utils import uuid7

from deploy.local.stores.postgres import OWNER, create_owner_and_database
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.records import ORIGIN, HistoryHead
from services.key_registry.recording.recorder import AuditLog
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.audit_trail.end import PostgresTrailEnd
from services.key_registry.storage.postgres.store import PostgresStore
from shared.contracts.key_registry import AuditEvent
from shared.postgres.migrations import migrate
from shared.postgres.pool import Database
from tests.support.harness.stores import postgres_server

LINES = 100_000
BATCHES = ((1, 1_000), (10, 1_000), (500, 178))
"""Lines a batch, and how many batches are timed."""
_TABLES = """
SELECT c.relname, pg_relation_size(c.oid), pg_indexes_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname LIKE 'audit%' AND pg_relation_size(c.oid) > 0
ORDER BY 1
"""
_INDEXES = """
SELECT i.relname, pg_relation_size(i.oid) FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid
JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 ORDER BY 2 DESC
"""


def issued() -> Iterator[AuditEvent]:
    clients = [(str(uuid7()), f"client:pgck_{secrets.token_hex(11)}", str(uuid7())) for _ in range(100)]
    companies = [str(uuid7()) for _ in range(20)]
    for n in range(10**9):
        credential, actor, _ = clients[n * 7 % 100]
        yield AuditEvent(
            id=str(uuid7()),
            action="token.issued",
            actor=actor,
            at=time.time(),
            subject_kind="jwt",
            subject=secrets.token_urlsafe(16),
            company_id=companies[n * 7 % 20],
            request_id=secrets.token_hex(16),
            detail={
                "grant": "client_credentials",
                "scope": "site:read",
                "expires_at": int(time.time()) + 3600,
                "credential_id": credential,
                "signing_key": "rs384_3b7a1c9e5d2f",
            },
        )


async def measure(url: str) -> None:
    await asyncio.to_thread(migrate, url, schema=SCHEMA, folder=MIGRATIONS)
    database = Database(url, schema=SCHEMA, timeout=30)
    await database.start()
    guard = HistoryGuard()
    guard.open(HistoryHead(ORIGIN))
    store, end = PostgresStore(database, timeout=30, guard=guard), PostgresTrailEnd(database, guard, timeout=30)
    log, events, written = AuditLog(store, end), issued(), 0
    for size, batches in BATCHES:
        times = []
        for _ in range(batches):
            batch = [next(events) for _ in range(size)]
            began = time.perf_counter()
            await log.audit(batch)
            times.append(time.perf_counter() - began)
        written += size * batches
        times.sort()
        low, median, high = (times[len(times) * share // 100] * 1e3 for share in (10, 50, 99))
        print(f"append of {size}: p10 {low:.2f} ms, median {median:.2f}, p99 {high:.2f}")
    await database.stop()
    connection = await asyncpg.connect(url)
    total = 0
    for table, heap, indexes in await connection.fetch(_TABLES, SCHEMA):
        total += heap + indexes
        print(f"{table}: table {heap / written:.0f} bytes a line, indexes {indexes / written:.0f}")
        for index, size in await connection.fetch(_INDEXES, SCHEMA, table):
            print(f"    {index}: {size / written:.1f}")
    print(f"{written} lines, {total / written:.0f} bytes a line")
    await connection.close()


async def main() -> None:
    with postgres_server() as url:
        server = urlsplit(url)
        await create_owner_and_database(url, server.password or "", "bench")
        await measure(f"postgresql://{OWNER}:{server.password}@{server.hostname}:{server.port}/bench")


if __name__ == "__main__":
    asyncio.run(main())
