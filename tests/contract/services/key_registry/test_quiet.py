"""Which secrets nobody has used for the time after which they end, as PostgreSQL has it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.key_registry.catalog.resources import API_CLIENT, KEY_PAIR
from services.key_registry.catalog.versions import Version
from tests.contract.services.key_registry.conftest import Emptied
from tests.support.harness.key_registry_stores import NOW, Stores

AT = datetime.now(UTC).replace(microsecond=0)
USE = "INSERT INTO credential_use VALUES ($1, $2, $3)"
CONSUMER = """
INSERT INTO consumer (instance, service, position, mark, joined_at, reported_at, staleness_bound)
VALUES ('gateway-1', 'gateway', 1, '', 1, 1, $1)
"""


@pytest.fixture
async def stores(emptied: Emptied) -> Stores:
    await emptied.empty()
    return emptied.stores


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


async def quiet(stores: Stores, margin_s: float = 10) -> list[tuple[Any, ...]]:
    async with stores.objects.reading() as reader:
        return [(q.kind, q.credential_id, q.version, q.since) for q in await reader.quiet(AT, margin_s, 10)]


async def test_a_secret_is_quiet_since_its_last_use_or_since_another_took_its_place(
    stores: Stores, emptied: Emptied
) -> None:
    row = (await stores.company_with_all()).api_client
    first = Version(1, row["digest"], "abcd", NOW)
    async with stores.objects.writing() as writer:
        await writer.add_version(API_CLIENT, row["id"], Version(2, b"2" * 32, "abcd", ago(110)))
        await writer.update_version(row["id"], replace(first, retires_at=AT + timedelta(days=1), quiet_for=100))
    key = ("api_client", row["id"], 1)
    assert await quiet(stores) == [(*key, ago(110))]
    assert await quiet(stores, 11) == []
    async with emptied.database.connection() as connection:
        await connection.execute(USE, row["id"], 2, ago(1))
        await connection.execute(USE, row["id"], 1, ago(111))
    assert await quiet(stores) == [(*key, ago(110))], "older than the rotation, or of the new secret"
    async with emptied.database.connection() as connection:
        await connection.execute(CONSUMER, 11.0)
    assert await quiet(stores) == [], "a gateway may have accepted it for so long without a word from here"
    async with emptied.database.connection() as connection:
        await connection.execute("DELETE FROM consumer")
        await connection.execute("UPDATE credential_use SET last_used_at = $1 WHERE version = 1", ago(109))
    assert await quiet(stores) == []
    async with stores.objects.writing() as writer:
        for ended in (replace(first, retires_at=AT), replace(first, retires_at=AT, revoked=True)):
            await writer.update_version(row["id"], replace(ended, quiet_for=1))
            assert await quiet(stores) == []


async def test_a_key_pair_is_quiet_since_its_last_use_or_since_its_successor(
    stores: Stores, emptied: Emptied
) -> None:
    old = (await stores.company_with_all()).key_pair
    await stores.update(KEY_PAIR, old, retires_at=AT + timedelta(days=1), quiet_for=100)
    new = await stores.insert(KEY_PAIR, company_id=old["company_id"], succeeds=old["kid"], created_at=ago(110))
    assert await quiet(stores) == [("key_pair", UUID(str(old["id"])), 0, ago(110))]
    async with emptied.database.connection() as connection:
        await connection.execute(USE, new["id"], 0, ago(1))
        await connection.execute(USE, old["id"], 0, ago(109))
    assert await quiet(stores) == []
