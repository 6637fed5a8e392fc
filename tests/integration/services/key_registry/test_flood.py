"""What strangers send to the admin API, and what a token that is no longer valid leaves, is bounded."""

import time
from pathlib import Path

import asyncpg
import orjson

from services.key_registry.storage.postgres import SCHEMA
from shared.contracts.key_registry import AuditEvent
from shared.opaque import ADMIN_TOKEN, mint
from tests.support.clock import FakeClock
from tests.support.harness.flood import (
    REQUESTS,
    assert_counted,
    assert_lines_and_a_count,
    flood,
    recorded_log,
)
from tests.support.harness.key_registry import Admin, running_registry
from tests.support.waiting import becomes


async def refusals(database_url: str) -> list[AuditEvent]:
    """The lines that the audit trail has of refusals, in their order."""
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "SELECT action, actor, subject_kind, subject, detail FROM "
        f"{SCHEMA}.audit WHERE action ~ 'refus' ORDER BY seq"
    )
    await connection.close()
    return [AuditEvent(at=0, **{**row, "detail": orjson.loads(row["detail"])}) for row in rows]


async def status(admin: Admin, path: str) -> int:
    return (await admin.get(path)).status


async def test_a_flood_of_unknown_tokens_is_one_line_in_the_audit_trail(
    registry_database_url: str, tmp_path: Path
) -> None:
    with recorded_log() as log:
        async with running_registry(registry_database_url, tmp_path, clock=FakeClock(time.time())) as registry:
            assert await flood(
                lambda _: status(registry.owner.with_token(mint(ADMIN_TOKEN)), "/companies"),
                lambda n: status(registry.owner.with_token(f"junk-{n}"), "/audit"),
            ) == {401: REQUESTS}
        log.assert_bounded()
    causes = {cause for cause, _ in assert_counted(await refusals(registry_database_url))}
    assert causes == {"unknown", "malformed"}


async def test_a_flood_of_junk_at_the_internal_api_is_one_line_in_the_audit_trail(
    registry_database_url: str, tmp_path: Path
) -> None:
    with recorded_log() as log:
        async with running_registry(registry_database_url, tmp_path, clock=FakeClock(time.time())) as registry:
            internal = f"{registry.url}/internal/v1"
            assert await flood(
                lambda n: status(registry.owner.with_token(f"junk-{n}"), f"{internal}/snapshot"),
                lambda n: status(registry.owner.with_token(f"junk-{n}"), f"{internal}/changes"),
            ) == {401: REQUESTS}
        log.assert_bounded()
    sources = assert_counted(await refusals(registry_database_url))
    assert sources == {
        ("the service token is invalid", "/internal/v1/snapshot"),
        ("the service token is invalid", "/internal/v1/changes"),
    }


async def test_a_flood_of_a_suspended_token_is_its_lines_up_to_a_bound_and_a_count(
    registry_database_url: str, tmp_path: Path
) -> None:
    with recorded_log() as log:
        async with running_registry(registry_database_url, tmp_path, clock=FakeClock(time.time())) as registry:
            created = await registry.owner.create("/admin-tokens", name="x", role="viewer")

            async def suspends() -> int:
                return (await registry.owner.post(f"/admin-tokens/{created['id']}/suspend")).status

            await becomes(200, suspends, meanwhile=lambda status: status == 503)
            suspended = registry.owner.with_token(created["token"])
            assert await flood(lambda _: status(suspended, "/companies")) == {401: REQUESTS}
        log.assert_bounded()
    assert_lines_and_a_count(await refusals(registry_database_url), "admin_token.refused")
