"""The database away, late, or back; another writer frozen: what is promised then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.key_registry.storage.postgres.statements import WRITER_LOCK_ID
from shared import opaque
from shared.errors import Unavailable
from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.proxy import FaultProxy
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

STORE_TIMEOUT_S = 0.8
"""As it is by default: what a database that does not respond may take."""


@dataclass
class Cuttable:
    running: Running
    proxy: FaultProxy
    database_url: str


@pytest.fixture
async def cuttable(registry_database_url: str, tmp_path: Path) -> AsyncIterator[Cuttable]:
    server = urlsplit(registry_database_url)
    async with FaultProxy(server.hostname or "", server.port or 0) as proxy:
        through = server._replace(netloc=f"{server.username}:{server.password}@127.0.0.1:{proxy.port}").geturl()
        async with running_registry(through, tmp_path, store_timeout=STORE_TIMEOUT_S) as running:
            yield Cuttable(running, proxy, registry_database_url)
            proxy.restore()


async def refused_in_time(cuttable: Cuttable) -> None:
    """Reads, writes and look-ups are each 503 with `Retry-After`, soon, naming nothing."""
    owner = cuttable.running.owner
    body = {"name": "x", "client_prefix": "x", "company_uri": "https://x.example"}
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        responses = await asyncio.gather(
            owner.get("/companies"), owner.post("/companies", body), owner.get("/audit")
        )
    for response in responses:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert all(
            word not in response.raw.lower() for word in (b"asyncpg", b"postgres", b"select", b"timeouterror")
        )
    async with cuttable.running.client("session_tokens") as client:
        with pytest.raises(Unavailable):
            await client.access_key(opaque.digest("x"))
    assert (await owner.get(f"{owner.url}/health/ready")).status == 503
    assert (await owner.get(f"{owner.url}/health/live")).status == 200


async def lists_companies(owner: Admin) -> bool:
    return (await owner.get("/companies")).status == 200


async def serves_again(cuttable: Cuttable) -> None:
    owner = cuttable.running.owner
    await until(lambda: lists_companies(owner))
    assert (await owner.company())["status"] == "active"
    assert (await owner.get(f"{owner.url}/health/ready")).status == 200


async def test_a_database_that_is_cut_off_is_503_and_comes_back_without_a_restart(cuttable: Cuttable) -> None:
    await serves_again(cuttable)
    cuttable.proxy.cut()
    await refused_in_time(cuttable)
    cuttable.proxy.restore()
    await serves_again(cuttable)


async def test_a_database_that_is_a_black_hole_is_503_within_its_time(cuttable: Cuttable) -> None:
    await serves_again(cuttable)
    cuttable.proxy.swallow()
    await refused_in_time(cuttable)
    cuttable.proxy.restore()
    await serves_again(cuttable)


async def test_a_writer_elsewhere_that_holds_the_lock_stops_writes_and_not_reads(cuttable: Cuttable) -> None:
    owner = cuttable.running.owner
    company = await owner.company()
    connection = await asyncpg.connect(cuttable.database_url)
    await connection.execute("SELECT pg_advisory_lock($1)", WRITER_LOCK_ID)
    path = f"/companies/{company['id']}"
    writes = [asyncio.create_task(owner.post(f"{path}/suspend")) for _ in range(12)]
    await asyncio.sleep(0.05)
    assert (await owner.get(path)).body["status"] == "active"
    assert {write.status for write in await asyncio.gather(*writes)} == {503}
    await connection.close()
    assert (await owner.post(f"{path}/suspend")).status == 200


async def test_a_company_that_writes_a_lot_at_once_keeps_nobody_waiting_and_has_nothing_written_once_stopped(
    registry_database_url: str, tmp_path: Path
) -> None:
    async with running_registry(registry_database_url, tmp_path) as running:
        owner = running.owner
        of_company = {"company_id": (await owner.company())["id"]}
        token = await owner.create("/admin-tokens", name="x", role="editor", **of_company)
        editor = owner.with_token(token["token"])
        connection = await asyncpg.connect(registry_database_url)
        await connection.execute("SELECT pg_advisory_lock($1)", WRITER_LOCK_ID)
        writes = [asyncio.create_task(editor.post("/access-keys", {"name": "x", **of_company})) for _ in range(12)]
        await asyncio.sleep(0.1)
        revoked = asyncio.create_task(owner.post(f"/admin-tokens/{token['id']}/revoke"))
        await asyncio.sleep(0.1)
        await connection.close()
        statuses = [write.status for write in await asyncio.gather(*writes)]
        assert (await revoked).status == 200
        lines = (await owner.get("/audit?limit=50")).body["items"]
        actions = [line["action"] for line in sorted(lines, key=lambda line: line["seq"])]
        before, after = actions[: (at := actions.index("admin_token.revoked"))], actions[at:]
        assert before.count("access_key.created") == statuses.count(201) <= 3
        assert "access_key.created" not in after, "what waited is not permitted any more"
        assert set(statuses) == {201, 401}


async def test_positions_are_in_the_order_of_commits_with_several_copies(
    registry_database_url: str, tmp_path: Path
) -> None:
    async with (
        running_registry(registry_database_url, tmp_path / "a") as one,
        running_registry(registry_database_url, tmp_path / "b") as other,
        one.client("gateway") as client,
    ):
        seen: list[int] = []

        async def follow() -> None:
            while len(seen) < 18:
                with contextlib.suppress(Unavailable):  # a busy machine's, as in `create`
                    page = await client.changes(seen[-1] if seen else 0)
                    seen.extend(change.seq for change in page.changes)

        following = asyncio.create_task(follow())
        await asyncio.gather(*(registry.owner.company() for registry in (one, other) * 8))
        await asyncio.wait_for(following, 10)
        assert seen == list(range(1, 19))  # with two first owners; none is missed by one who reads meanwhile


async def test_the_first_owner_who_was_revoked_does_not_come_back_at_a_start(
    registry_database_url: str, tmp_path: Path
) -> None:
    token = opaque.mint(opaque.ADMIN_TOKEN)
    async with running_registry(registry_database_url, tmp_path, token=token) as running:
        (item,) = (await running.owner.get("/admin-tokens")).body["items"]
        assert (item["name"], item["role"]) == ("first owner", "owner")
        assert (await running.owner.post(f"/admin-tokens/{item['id']}/revoke")).status == 200
    async with running_registry(registry_database_url, tmp_path, token=token) as running:
        await asyncio.sleep(0.2)
        assert (await running.owner.get("/admin-tokens")).status == 401
