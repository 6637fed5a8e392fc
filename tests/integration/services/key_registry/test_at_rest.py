"""What is kept: no secret that was created is in the database or the metrics, and constraints hold."""

import asyncpg
import pytest

from services.key_registry.storage.postgres.changes import PostgresChanges
from shared import opaque
from shared.contracts.key_registry import parse_snapshot
from tests.integration.services.key_registry.tables import dump
from tests.support.harness.key_registry import Running


async def test_no_secret_is_in_a_dump_or_a_metric(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    booking = await owner.booking(company)
    of = {"company_id": company["id"]}
    bodies = {
        "/api-tokens": {"booking_id": booking["id"], "remote_application": "Shop"},
        "/access-keys": {**of, "name": "x"},
        "/api-clients": {**of, "comment": "x", "scopes": []},
        "/key-pairs": {**of, "scopes": [], "algorithm": "EdDSA"},
        "/admin-tokens": {"name": "x", "role": "viewer"},
    }
    secrets = [owner.token or "?"]
    for number, (path, body) in enumerate(bodies.items()):
        response = await owner.post(path, body, headers={"Idempotency-Key": f"k{number}"})
        created = response.body
        names = {"token", "secret", "private_key"} | ({"key"} if path == "/access-keys" else set())
        secrets += [created[name] for name in names & created.keys()]
        if path != "/key-pairs":
            key = {"Idempotency-Key": f"r{number}"}
            rotated = (await owner.post(f"{path}/{created['id']}/rotate", {}, headers=key)).body
            secrets += [rotated[name] for name in names & rotated.keys()]
    assert len(secrets) == 10
    places = {
        "dump": await dump(running),
        "metrics": (await owner.get(f"{owner.url}/metrics")).raw.decode(),
    }
    for place, content in places.items():
        assert content
        for secret in secrets:
            for part in (secret, secret.encode().hex(), secret.splitlines()[-2 if "\n" in secret else 0]):
                assert part not in content, f"{part[:5]} in {place}"
        assert opaque.find_in(content) == []


async def test_constraints_hold_without_the_code(running: Running) -> None:
    company = await running.owner.company()
    created = await running.owner.create("/access-keys", company_id=company["id"], name="x")
    for statement in (
        "UPDATE access_key SET status = 'gone' WHERE id = $1",
        "UPDATE access_key SET default_ttl = max_ttl + 1 WHERE id = $1",
        "UPDATE access_key SET digest = 'short' WHERE id = $1",
        "UPDATE access_key SET company_id = $1 WHERE id = $1",
        "UPDATE access_key SET name = '' WHERE id = $1",
        "UPDATE access_key SET last_four = 'abcde' WHERE id = $1",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with running.database.connection() as connection:
                await connection.execute(statement, created["id"])


async def test_what_is_over_is_forgotten_and_positions_go_on(running: Running) -> None:
    changes = PostgresChanges(running.database)
    company = await running.owner.company()
    last = (await changes.page(0, 1)).last
    end = 5e9
    async with running.database.connection() as connection:
        await connection.execute("INSERT INTO revocation VALUES ('jwt', 'old', 1, NULL, '', 1)")
    await changes.prune(changes_before=end, revocations_before=2.0, idempotency_before=end, versions_before=end)
    page = await changes.page(0, 10)
    assert (page.gap, page.last, page.changes) == (True, last, ())
    assert (await changes.page(last - 2, 10)).gap  # exactly one change that is no longer kept
    assert [change.seq for change in (await changes.page(last - 1, 10)).changes] == [last]
    snapshot = parse_snapshot(await changes.snapshot(0))
    assert all(stopped.id != "old" for stopped in snapshot.stopped)
    async with running.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0
    await running.owner.post(f"/companies/{company['id']}/suspend")
    assert (await changes.page(last, 10)).last == last + 1
