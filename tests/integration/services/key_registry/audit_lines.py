"""Lines of the audit trail, of whatever month."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from uuid_utils.compat import uuid7

from services.key_registry.audit_trail.chain import chained
from services.key_registry.audit_trail.months import month_of
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.audit_trail.lines import append, head_of
from shared.contracts.key_registry import AuditEvent
from shared.postgres.pool import Database

THIS = month_of(datetime.now(UTC).timestamp())
"""The month that it is."""
FILTERS = {
    "company_id": "c",
    "action": "a.created",
    "actor": "admin:1",
    "subject": "s",
    "request_id": "r",
    "subject_kind": "company",
}


def events(count: int) -> list[AuditEvent]:
    at = datetime.now(UTC).timestamp()
    return [AuditEvent(id=str(uuid7()), at=at, detail={"n": n}, **FILTERS) for n in range(count)]


@asynccontextmanager
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url, schema=SCHEMA, timeout=30)
    await opened.start()
    yield opened
    await opened.stop()


async def write(db: Database, lines: int, today: date) -> list[AuditEvent]:
    new = events(lines)
    async with db.transaction() as connection:
        await append(connection, list(chained(await head_of(connection), new)), today)
    return new
