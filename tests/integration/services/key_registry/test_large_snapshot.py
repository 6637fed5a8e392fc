"""A hundred thousand stopped objects: sent, received and parsed soon, and no loop stands still for it."""

import asyncio
from pathlib import Path

import asyncpg

from shared.contracts.key_registry import Stopped
from tests.support.harness.key_registry import running_registry

MANY = 100_000


async def test_a_snapshot_of_a_hundred_thousand_holds_up_nobody_when_all_request_it_at_once(
    registry_database_url: str, tmp_path: Path
) -> None:
    """The watch on the loop fails this test if anything holds it for a second."""
    async with running_registry(registry_database_url, tmp_path) as running, running.client("gateway") as client:
        connection = await asyncpg.connect(registry_database_url)
        await connection.execute(
            "INSERT INTO key_registry.revocation (kind, id, until, company_id, reason, at)"
            " SELECT 'jwt', md5(n::text), 4e9 + n, NULL, '', 1 FROM generate_series(1, $1) n",
            MANY,
        )
        await connection.close()
        company = await running.owner.company()
        await running.owner.post(f"/companies/{company['id']}/suspend")
        snapshots = await asyncio.gather(*(client.snapshot() for _ in range(2)))
        for snapshot in snapshots:
            assert len(set(snapshot.stopped)) == MANY + 1
            assert Stopped(kind="company", id=company["id"]) in snapshot.stopped
            assert snapshot.as_of == (await client.changes(0)).last
        assert (await running.owner.get(f"{running.url}/health/ready")).status == 200
