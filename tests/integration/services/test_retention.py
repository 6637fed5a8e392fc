"""No table grows for ever: a quarter of load under a moved clock, of which the last month adds nothing."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import asyncpg
import pytest

from services.key_registry.audit_trail import checkpointing
from services.key_registry.audit_trail.archiving import Archive
from services.key_registry.audit_trail.chain import chained
from services.key_registry.audit_trail.checkpointing import Checkpointing
from services.key_registry.audit_trail.checkpoints import CheckpointKeys
from services.key_registry.audit_trail.months import MonthUpkeep, month_of
from services.key_registry.housekeeping import expired_rows as housekeeping
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.audit_trail.checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines, append, head_of
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from services.key_registry.storage.postgres.changes import PostgresChanges
from services.key_registry.storage.postgres.consumers import PostgresConsumers
from services.key_registry.storage.postgres.notices.events import PostgresEvents
from services.key_registry.storage.postgres.usage.reports import PostgresUsage
from services.token_issuer.clients.assertion_pruning import delete_expired
from services.token_issuer.storage.postgres import SCHEMA as OF_ISSUER
from services.token_issuer.storage.postgres.used_assertions import PostgresUsedAssertions
from shared.contracts.key_registry import AuditEvent
from shared.jose.keys import generate_private_key
from shared.postgres.pool import Database
from tests.support.clock import FakeClock

ISSUER_SCHEMA = OF_ISSUER.name
PAGE = Path(__file__).resolve().parents[3] / "docs" / "retention.md"
DAY_S = 86400.0
DAYS_PER_ROUND = 3
ROUNDS = 34
MEASURED = (23, 33)
"""The rounds that are compared: thirty days apart, after the longest time that anything is kept."""
LINES_PER_ROUND = 60
LOAD = """
INSERT INTO change (seq, kind, id, status, at)
    SELECT coalesce((SELECT max(seq) FROM change), 0) + n, 'jwt', 'c' || n, 'revoked', $1
    FROM generate_series(1, 40) n;
INSERT INTO revocation (kind, id, until, reason, at)
    SELECT 'jwt', $1 || '-' || n, $1 + CASE WHEN n < 30 THEN 3600 ELSE 31 * 86400 END, '', $1
    FROM generate_series(1, 40) n;
INSERT INTO idempotency (admin_token_id, key_digest, request_digest, sealed_answer, created_at)
    SELECT id, sha256(($1 || '-' || n)::bytea), sha256(''), sha256(n::text::bytea), to_timestamp($1)
    FROM admin_token, generate_series(1, 30) n;
INSERT INTO credential_version (credential_id, version, kind, digest, created_at, retires_at, announced)
    SELECT (SELECT id FROM admin_token), $1::bigint / 86400 * 10 + n, 'access_key', sha256(('v' || $1 || n)::bytea),
        to_timestamp($1), to_timestamp($1), true
    FROM generate_series(1, 5) n;
INSERT INTO event (id, type, at, request_id, data)
    SELECT gen_random_uuid(), 'credential.rotated', to_timestamp($1), '', '{"kind": "access_key"}'
    FROM generate_series(1, 20) n;
INSERT INTO webhook_delivery (webhook_id, event_number, state, created_at)
    SELECT webhook.id, event.number, 'dead', event.at FROM webhook, event WHERE event.at = to_timestamp($1);
INSERT INTO consumer (instance, service, position, mark, joined_at, reported_at)
    SELECT 'gateway-' || $1 || '-' || n, 'gateway', 1, '', $1, $1 FROM generate_series(1, 4) n;
INSERT INTO report (instance, position, mark, at)
    SELECT 'gateway-' || $1 || '-' || i, n, '', $1 FROM generate_series(1, 4) i, generate_series(1, 10) n;
"""
"""Of a round, at its time `$1`: revocations, repeated creates, rotated secrets, events, gateways that leave."""
ADMIN = """
INSERT INTO admin_token (id, name, role, digest, status, status_at, created_at, updated_at)
VALUES (gen_random_uuid(), 'x', 'owner', sha256('x'), 'active', now(), now(), now())
"""
WEBHOOK = """
INSERT INTO webhook (id, name, url, types, enabled, created_at, updated_at, sealed_secret)
VALUES (gen_random_uuid(), 'x', 'https://hooks.example', '{}', true, now(), now(), '')
"""
USED = """
INSERT INTO used_jti SELECT 'kp_x', sha256(($1 || '-' || n)::bytea), to_timestamp($2) FROM generate_series(1, 40) n
"""
VACUUM = """
VACUUM change, revocation, idempotency, credential_version, consumer, report, audit_checkpoint, event,
    webhook_delivery
"""
"""What PostgreSQL does by itself as time passes."""
WRITTEN_TO = (
    *("change", "revocation", "idempotency", "credential_version", "audit_checkpoint", "used_jti"),
    *("event", "webhook_delivery"),
)
GROWS = {"audit_month"}
"""One row for each month that has ever been: where its lines are."""


@dataclass
class StoreClock:
    clock: FakeClock

    async def time(self) -> float:
        return self.clock.now()


@asynccontextmanager
async def opened(url: str, schema: str) -> AsyncIterator[Database]:
    database = Database(url, schema=schema, timeout=60)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


async def sizes(url: str, schema: str) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each table; all partitions of a table are one."""
    connection = await asyncpg.connect(url, server_settings={"search_path": schema})
    try:
        await connection.execute("VACUUM")
        found: dict[str, tuple[int, int]] = {}
        for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema):
            name = re.sub(r"_(\d+|\d{4}_\d\d|before)$", "", table)
            rows = (
                0
                if table in ("audit_line", "refusal_trace")
                else await connection.fetchval(f"SELECT count(*) FROM {table}")
            )
            size = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
            found[name] = tuple(a + b for a, b in zip(found.get(name, (0, 0)), (rows, size), strict=True))
        return found
    finally:
        await connection.close()


@pytest.mark.usefixtures("clock")
async def test_every_table_is_flat_over_a_month_of_load(
    registry_database_url: str, issuer_database_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    measured: list[dict[str, tuple[int, int]]] = []
    async with (
        opened(registry_database_url, SCHEMA) as registry,
        opened(issuer_database_url, ISSUER_SCHEMA) as issuer,
    ):
        now = StoreClock(clock)
        events, usage = PostgresEvents(registry), PostgresUsage(registry)
        tidying = housekeeping.Housekeeping(
            PostgresChanges(registry),
            PostgresConsumers(registry),
            now,
            [lambda now: events.prune(now - 30 * DAY_S), usage.prune],
        )
        months, checkpoints = PostgresMonths(registry), PostgresCheckpoints(registry)
        keys = CheckpointKeys([generate_private_key("EdDSA")])
        upkeep = MonthUpkeep(months, now)
        signing = Checkpointing(checkpoints, keys, clock, interval=3600)
        archive = Archive(
            months, PostgresAuditLines(registry), checkpoints, keys, now, folder=tmp_path / "archive", kept=1
        )
        used = PostgresUsedAssertions(issuer)
        async with registry.connection() as connection:
            await connection.execute(ADMIN)
            await connection.execute(WEBHOOK)
        with (  # after 400 days it would be the same
            patch.object(checkpointing, "CHECKPOINTS_KEPT_S", 30 * DAY_S),
            patch.object(housekeeping, "RETIRED_SECRETS_KEPT_S", 30 * DAY_S),
        ):
            for number in range(ROUNDS):
                await upkeep.prepare()
                async with registry.transaction() as connection:
                    for statement in LOAD.split(";\n"):
                        if statement.strip():
                            await connection.execute(statement.replace("$1", repr(clock.now())))
                    issued = [AuditEvent(action="token.issued", actor="client:x", at=clock.now())] * LINES_PER_ROUND
                    lines = list(chained(await head_of(connection), issued))
                    await append(connection, lines, month_of(clock.now()))
                async with issuer.connection() as connection:
                    await connection.execute(USED, str(number), clock.now() + 3600)
                await signing.sign_when_due()
                await tidying.tidy()
                await delete_expired(used, clock.now(), clock)
                await archive.archive_due()
                async with registry.connection() as connection:
                    await connection.execute(VACUUM)
                if number in MEASURED:
                    both = await sizes(registry_database_url, SCHEMA) | await sizes(
                        issuer_database_url, ISSUER_SCHEMA
                    )
                    measured.append(both)
                clock.advance(DAYS_PER_ROUND * DAY_S)
    earlier, later = measured
    grown = {
        name: (earlier[name], later[name])
        for name in later.keys() - GROWS
        if later[name][0] > earlier[name][0] * 1.1 + 5 or later[name][1] > earlier[name][1] * 1.25 + 5 * 8192
    }
    assert grown == {}
    for name in WRITTEN_TO:
        assert 0 < later[name][0] < 40 * ROUNDS / 2, name  # it was written to in each round
    assert LINES_PER_ROUND * 10 < later["audit_line"][0] < LINES_PER_ROUND * 21
    assert later["consumer"][0] <= 4
    assert sum(1 for _ in (tmp_path / "archive").glob("audit-*.jsonl.gz")) >= 2


async def test_the_page_names_every_table(registry_database_url: str, issuer_database_url: str) -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    there = set(await sizes(registry_database_url, SCHEMA)) | set(await sizes(issuer_database_url, ISSUER_SCHEMA))
    assert there - named - {"alembic_version"} == set()
