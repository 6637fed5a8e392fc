"""Whatever `app.py` puts together is seen to work in the application, and not only by itself."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import redis.asyncio

from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.changes import relay
from services.key_registry.changes.consumers import Consumers
from services.key_registry.housekeeping.expired_rows import CHANGES_KEPT_S
from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres import clock as database_clock
from services.key_registry.storage.postgres.statements import WRITER_LOCK_ID
from shared import opaque
from shared.changes.stream import ChangeStreamReader
from shared.clock_offset import MAX_CLOCK_OFFSET_S, TIME_FIELD
from shared.contracts.key_registry import ORIGIN_MARK, AuditEvent, Position, Revocation
from shared.http.health import CHECK_TIMEOUT_S
from shared.postgres.schema import Schema
from tests.support.clock import FakeClock
from tests.support.harness.key_registry import Admin, Responded, Running, running_registry
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, becomes, until

NEVER_S = 3600.0
STEP_S = MAX_CLOCK_OFFSET_S + 5
"""More than a clock may be wrong by, less than a service token of now is too old or too new for."""


async def healthy(running: Running, dependency: str) -> bool:
    report = (await running.owner.get(f"{running.url}/health")).body
    return bool(report["dependencies"][dependency]["state"] == "up")


async def ready(running: Running) -> dict[str, str] | None:
    """None when it is; else what is missing, with the reasons."""
    response = await running.owner.get(f"{running.url}/health/ready")
    return None if response.status == 200 else dict(response.body["missing"])


async def is_ready(running: Running) -> None:
    """It becomes so a moment after its start: then the first owner's token is registered."""
    await becomes(None, lambda: ready(running))


async def metrics(running: Running) -> str:
    return (await running.owner.get(f"{running.url}/metrics")).raw.decode()


async def lines(database_url: str, action: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(database_url)
    found = await connection.fetch(
        "SELECT *, detail::text AS text FROM key_registry.audit WHERE action = $1 ORDER BY seq", action
    )
    await connection.close()
    return [dict(line) for line in found]


async def joined(running: Running, instance: str, position: int = 0, mark: str | None = ORIGIN_MARK) -> None:
    async with running.client("gateway") as client:
        await client.report(Position(instance=instance, service="gateway", position=position, mark=mark))


async def test_every_resource_and_every_list_is_served(running: Running) -> None:
    for path in (*(resource.path for resource in RESOURCES.values()), "audit", "revocations"):
        assert (await running.owner.get(f"/{path}")).status == 200, path
        assert (await running.owner.with_token(None).get(f"/{path}")).status == 401, path


async def test_what_is_created_is_found_by_every_look_up_and_in_the_feed(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    booking = await owner.booking(company)
    token = await owner.create("/api-tokens", booking_id=booking["id"], remote_application="Shop")
    key = await owner.create("/access-keys", company_id=company["id"], name="x")
    api_client = await owner.create("/api-clients", company_id=company["id"], comment="x", scopes=["site:read"])
    pair = await owner.create("/key-pairs", company_id=company["id"], scopes=["site:read"], algorithm="ES256")
    async with running.client("token_issuer") as client:
        last = (await client.changes(0)).last
        for record, created in (
            (await client.api_token(opaque.digest(token["token"])), token),
            (await client.access_key(opaque.digest(key["key"])), key),
            (await client.api_client(api_client["key"]), api_client),
            (await client.key_pair(pair["kid"]), pair),
        ):
            assert record is not None
            assert (record.id, record.as_of) == (created["id"], last)


async def test_what_a_service_revokes_is_in_the_lists_the_trail_and_the_snapshot(running: Running) -> None:
    async with running.client("token_issuer") as client:
        await client.revoke(Revocation(kind="jwt", id="j-wiring", until=time.time() + 60))
        assert "j-wiring" in {stopped.id for stopped in (await client.snapshot()).stopped}
    for path in ("/revocations?id=j-wiring", "/audit?subject=j-wiring"):
        assert len((await running.owner.get(path)).body["items"]) == 1
    body = {"kind": "jwt", "id": "j-by-hand"}
    receipt = (await running.owner.post("/revocations", body)).body["receipt"]
    assert (await running.owner.get(f"/receipts/{receipt}")).body["subject"] == "j-by-hand"


async def test_audit_events_of_other_services_are_lines(running: Running) -> None:
    async with running.client("gateway") as client:
        await client.audit([AuditEvent(action="wiring.tried", actor="anonymous", at=1.0)] * 3)
    assert len((await running.owner.get("/audit?action=wiring.tried")).body["items"]) == 3


@pytest.mark.parametrize("callee", ["token_issuer", "operator_validator", "session_tokens"])
async def test_a_token_for_another_service_opens_nothing_here(running: Running, callee: str) -> None:
    fields = {"Authorization": running.keys.identity("gateway").authorization_for(callee)()}
    response = await running.owner.with_token(None).call(
        "GET", f"{running.url}/internal/v1/changes", headers=fields
    )
    assert response.status == 401


async def test_a_report_to_the_internal_api_ends_the_wait_for_a_receipt(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await joined(running, "waker")
    company = await running.owner.company()
    async with running.client("gateway") as client:
        page = await client.changes(0)
    waiting = await begun(running.owner, page.last, monkeypatch)
    await joined(running, "waker", page.last, page.last_mark)
    shown = (await asyncio.wait_for(waiting, BUSY_MACHINE_LIMIT_S)).body
    assert (shown["subject"], shown["state"]) == (company["id"], "applied")


async def begun(admin: Admin, receipt: int, monkeypatch: pytest.MonkeyPatch) -> "asyncio.Task[Responded]":
    """A request that waits for a receipt, until something wakes it."""
    waits, wait = asyncio.Event(), Consumers.changed

    async def changed(consumers: Consumers, seconds: float) -> None:
        waits.set()
        await wait(consumers, NEVER_S)

    monkeypatch.setattr(Consumers, "changed", changed)
    waiting = asyncio.create_task(admin.get(f"/receipts/{receipt}?wait=applied&timeout=10"))
    await waits.wait()
    return waiting


async def test_an_outdated_schema_is_not_ready(running: Running) -> None:
    await is_ready(running)
    first, *_, last = Schema(SCHEMA, MIGRATIONS).revisions
    await set_revision(running, first)
    assert (await ready(running) or {}).keys() == {"postgresql"}
    await set_revision(running, last)
    assert await ready(running) is None


async def set_revision(running: Running, revision: str) -> None:
    async with running.database.connection() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = $1", revision)


async def test_without_valkey_it_is_ready_and_health_names_it(running: Running) -> None:
    await is_ready(running)
    report = (await running.owner.get(f"{running.url}/health")).body
    assert (report["status"], report["dependencies"]["valkey"]["state"]) == ("degraded", "down")
    assert "change_relay_up 0.0" in await metrics(running)


async def test_a_change_is_relayed_as_it_commits_and_measured(
    registry_database_url: str, redis_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "RELAY_INTERVAL_S", NEVER_S)
    reader = ChangeStreamReader(redis_database, wait=0.2)
    async with running_registry(registry_database_url, tmp_path, redis_url=redis_database) as running:
        company = await running.owner.company()

        async def streamed() -> bool:
            return company["id"] in {change.id for change in await reader.read(0)}

        await until(streamed)
        assert await healthy(running, "valkey")
        text = await metrics(running)
        assert "change_relay_up 1.0" in text
        assert "audit_events_dropped_total 0.0" in text
        with monkeypatch.context() as patch:
            patch.setattr(relay.Relay, "lag", 7)
            assert "change_relay_lag 7.0" in await metrics(running)
    await reader.stop()


async def test_refusals_reach_the_trail_before_the_process_ends(registry_database_url: str, tmp_path: Path) -> None:
    async with running_registry(registry_database_url, tmp_path) as running:
        viewer = await running.owner.create("/admin-tokens", name="x", role="viewer")
        assert (await running.owner.with_token(viewer["token"]).post("/companies", {})).status == 403
        stranger = running.owner.with_token(opaque.mint(opaque.ADMIN_TOKEN))
        assert (await stranger.get("/companies")).status == 401
    (refused,) = await lines(registry_database_url, "admin_request.refused")
    assert refused["actor"] == f"admin:{viewer['id']}"
    (counted,) = await lines(registry_database_url, "refusals.counted")
    assert '"unknown"' in counted["text"]


async def test_the_first_owner_is_registered_by_the_process_itself(
    registry_database_url: str, tmp_path: Path
) -> None:
    clock = FakeClock(time.time() - 20)
    async with running_registry(registry_database_url, tmp_path, clock=clock, registered=False) as running:
        await becomes(200, lambda: status(running.owner, "/companies"))
        (first,) = (await running.owner.get("/admin-tokens")).body["items"]
    assert first["created_at"].startswith(rfc3339(clock.now()))


def rfc3339(moment: float) -> str:
    """To the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


async def status(admin: Admin, path: str) -> int:
    return (await admin.get(path)).status


@pytest.fixture
async def timed(
    registry_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Running, FakeClock]]:
    """A registry whose clock is moved by the test, and which knows since its start how far PostgreSQL's is off."""
    monkeypatch.setattr(database_clock, "INTERVAL_S", NEVER_S)
    clock = FakeClock(time.time())
    async with running_registry(registry_database_url, tmp_path, clock=clock) as running:
        await until(lambda: offset_known(running))
        await is_ready(running)
        yield running, clock


async def offset_known(running: Running) -> bool:
    return 'clock_offset_seconds{peer="postgresql"}' in await metrics(running)


async def test_times_are_those_of_the_clock_of_the_app(
    timed: tuple[Running, FakeClock], registry_database_url: str
) -> None:
    running, clock = timed
    clock.advance(20)
    moment = clock.now()
    owner = running.owner
    company = await owner.company()
    receipt = (await owner.post("/revocations", {"kind": "jwt", "id": "x"})).body["receipt"]
    assert (await owner.post("/companies", {})).status == 422
    viewer = owner.with_token((await owner.create("/admin-tokens", name="x", role="viewer"))["token"])
    assert (await viewer.post("/companies", {})).status == 403
    await until(lambda: lines(registry_database_url, "admin_request.refused"))
    (refused,) = await lines(registry_database_url, "admin_request.refused")
    shown = rfc3339(moment)
    assert company["created_at"].startswith(shown)
    assert (await owner.get(f"/receipts/{receipt}")).body["at"].startswith(shown)
    assert refused["at"].timestamp() == pytest.approx(moment, abs=0.001)


async def test_consumers_and_service_tokens_are_judged_by_the_clock_of_the_app(
    timed: tuple[Running, FakeClock],
) -> None:
    running, clock = timed
    await joined(running, "silent")
    receipt = (await running.owner.company(), await last_change(running))[1]
    assert (await running.owner.get(f"/receipts/{receipt}")).body["of"] == 1
    fields = {"Authorization": running.keys.identity("gateway").authorization_for("key_registry")()}
    clock.advance(FORGOTTEN_AFTER_S + 600)
    assert (await running.owner.get(f"/receipts/{receipt}")).body["of"] == 0
    anonymous = running.owner.with_token(None)
    url = f"{running.url}/internal/v1/changes"
    assert (await anonymous.call("GET", url, headers=fields)).status == 401


async def last_change(running: Running) -> int:
    async with running.client("gateway") as client:
        return (await client.changes(0)).last


async def test_a_wrong_clock_is_not_ready_gives_no_snapshot_and_states_the_time_of_postgresql(
    timed: tuple[Running, FakeClock],
) -> None:
    running, clock = timed
    authorization = {"Authorization": running.keys.identity("gateway").authorization_for("key_registry")()}
    clock.advance(20)
    clock.skew(STEP_S)
    assert (await ready(running) or {}).keys() == {"clock"}
    fields = {TIME_FIELD: "?"}
    response = await running.owner.call("GET", f"{running.url}/health/live", headers=fields)
    assert float(response.headers[TIME_FIELD]) == pytest.approx(clock.now() - STEP_S, abs=5)
    url = f"{running.url}/internal/v1/snapshot"
    assert (await running.owner.call("GET", url, headers=authorization)).status == 503
    clock.skew(-STEP_S)
    assert await ready(running) is None


@pytest.mark.parametrize("ahead", [0.0, 100.0 * CHANGES_KEPT_S, -100.0 * CHANGES_KEPT_S])
async def test_what_is_over_is_pruned_by_the_clock_of_postgresql(
    registry_database_url: str, tmp_path: Path, ahead: float
) -> None:
    now = time.time()
    clock = FakeClock(now + ahead)
    connection = await asyncpg.connect(registry_database_url)
    for position, age in enumerate((CHANGES_KEPT_S + 60, 60), 1):
        await connection.execute(
            "INSERT INTO key_registry.change (seq, kind, id, status, at) VALUES ($1, 'jwt', 'x', 'active', $2)",
            position,
            now - age,
        )
    await connection.execute(
        "INSERT INTO key_registry.consumer (instance, service, position, joined_at, reported_at)"
        " VALUES ('gone', 'gateway', 1, 0, 0)"
    )

    async def kept() -> set[int]:
        return {
            record[0] for record in await connection.fetch("SELECT seq FROM key_registry.change WHERE id = 'x'")
        }

    async with running_registry(registry_database_url, tmp_path, clock=clock):
        await until(lambda: forgotten(connection))
        assert await kept() == {2}
    await connection.close()


async def forgotten(connection: asyncpg.Connection) -> bool:
    return not await connection.fetchval("SELECT count(*) FROM key_registry.consumer")


async def test_a_snapshot_has_more_time_than_other_operations(registry_database_url: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(registry_database_url)
    async with running_registry(registry_database_url, tmp_path, store_timeout=0.2) as running:
        company = await running.owner.company()
        await becomes(200, lambda: suspended(running.owner, company["id"]))
        held = connection.transaction()
        await held.start()
        await connection.execute("LOCK TABLE key_registry.company IN ACCESS EXCLUSIVE MODE")
        async with running.client("gateway") as client:
            snapshot = asyncio.create_task(client.snapshot())
            assert (await running.owner.get("/companies")).status == 503
            await held.rollback()
            assert company["id"] in {stopped.id for stopped in (await snapshot).stopped}
    await connection.close()


async def suspended(owner: Admin, company_id: str) -> int:
    return (await owner.post(f"/companies/{company_id}/suspend")).status


BESIDE_THE_POOL = 7
"""As many connections as snapshots, the patient work in the background, reports of usage and the history have of
their own, each of them once it has had something to do."""


async def test_the_time_and_the_connections_of_the_store_are_as_configured(
    registry_database_url: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(registry_database_url)
    open_: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: open_.append(writer), "127.0.0.1", 0)
    more: dict[str, Any] = {"store_timeout": 20.0, "database_pool_size": 3, "redis_timeout": 20.0}
    more["redis_url"] = f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}/0"
    async with running_registry(registry_database_url, tmp_path, **more) as running:
        await connection.execute("SELECT pg_advisory_lock($1)", WRITER_LOCK_ID)
        writing = asyncio.create_task(
            running.owner.post("/companies", {"name": "x", "client_prefix": "xx", "company_uri": "urn:xx"})
        )
        reads = await asyncio.gather(*(running.owner.get("/companies") for _ in range(20)))
        assert {read.status for read in reads} == {200}
        await until(lambda: at_most(3 + BESIDE_THE_POOL, connection))
        report = (await running.owner.get(f"{running.url}/health")).body  # takes longer than a write has by default
        assert report["dependencies"]["valkey"]["reason"] == f"no response within {CHECK_TIMEOUT_S} s"
        await asyncio.sleep(0.3)
        await connection.execute("SELECT pg_advisory_unlock($1)", WRITER_LOCK_ID)
        assert (await writing).status == 201
        silent.close()
        for writer in open_:
            writer.close()
    await connection.close()


async def at_most(count: int, connection: asyncpg.Connection) -> bool:
    """A connection that has been closed is listed until its server process has ended."""
    return await clients(connection, ours=2) <= count


async def clients(connection: asyncpg.Connection, *, ours: int) -> int:
    """The connections to the database of others than this test's harness. Autovacuum has its own."""
    count = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    return int(count) - ours


async def test_the_end_responds_to_who_waits_and_leaves_nothing_open(
    registry_database_url: str, redis_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = set(threading.enumerate())
    valkey = redis.asyncio.from_url(redis_database)
    before = {client["id"] for client in await valkey.client_list()}
    async with aiohttp.ClientSession() as http:
        async with running_registry(registry_database_url, tmp_path, redis_url=redis_database) as running:
            owner = Admin(http, running.url, running.owner.token)
            await joined(running, "slow")
            company = await owner.company()
            await owner.create("/key-pairs", company_id=company["id"], scopes=["site:read"], algorithm="ES256")
            waiting = await begun(owner, await last_change(running), monkeypatch)
        response = await asyncio.wait_for(waiting, BUSY_MACHINE_LIMIT_S)
    assert (response.status, response.body["state"]) == (200, "pending")
    generating = [t for t in threading.enumerate() if t not in others and t.name.startswith("key-generation")]
    await until(lambda: not any(thread.is_alive() for thread in generating))
    connection = await asyncpg.connect(registry_database_url)
    await until(lambda: nobody(connection))
    await connection.close()
    assert {client["id"] for client in await valkey.client_list()} == before
    await valkey.aclose()


async def nobody(connection: asyncpg.Connection) -> bool:
    return await clients(connection, ours=0) == 0
