"""Which secrets nobody has used for the time after which they end, as PostgreSQL has it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.key_registry.catalog.resources import API_CLIENT, COMPANY, KEY_PAIR
from services.key_registry.catalog.versions import Version
from services.key_registry.storage.postgres.usage.reports import PostgresUsage
from services.key_registry.usage.ports import SILENT_AFTER_S
from shared.contracts.key_registry import Position
from shared.contracts.usage.messages import UsageBatch
from tests.contract.services.key_registry.conftest import Emptied
from tests.support.harness.key_registry_stores import NOW, Stores

AT = datetime(2027, 3, 1, tzinfo=UTC)
USE = "INSERT INTO credential_use VALUES ($1, $2, $3)"


@pytest.fixture
async def stores(emptied: Emptied) -> Stores:
    await emptied.empty()
    return emptied.stores


@pytest.fixture
def usage(emptied: Emptied) -> PostgresUsage:
    return PostgresUsage(emptied.database)


class Process:
    """One that counts, and follows the changes."""

    def __init__(self, stores: Stores, usage: PostgresUsage) -> None:
        self.id, self.number = str(uuid4()), 0
        self._stores, self._usage = stores, usage

    async def counted(self, until: datetime, **state: Any) -> None:
        self.number += 1
        state = {"counted_until": until.timestamp(), **state}
        await self._usage.add(UsageBatch(source=self.id, number=self.number, **state))

    async def follows(self, staleness_bound: float = 0, usage_source: str | None = "own") -> None:
        source = self.id if usage_source == "own" else usage_source
        position = Position(
            instance=self.id,
            service="gateway",
            position=1,
            staleness_bound=staleness_bound,
            usage_source=source,
        )
        await self._stores.consumers.report(position, 1.0)

    async def leaves(self) -> None:
        await self._stores.consumers.forget(self.id, "gateway")


@pytest.fixture
async def process(stores: Stores, usage: PostgresUsage) -> Process:
    """One that has counted all until `AT`."""
    process = Process(stores, usage)
    await process.counted(AT)
    return process


async def retiring(stores: Stores, since: datetime) -> UUID:
    """An API client whose first secret ends once nobody has used it for 100 s."""
    row = (await stores.company_with_all()).api_client
    async with stores.objects.writing(by=None) as writer:
        await writer.add_version(
            API_CLIENT, row["id"], Version(2, b"the new secret: " + row["id"].bytes, "abcd", since)
        )
        first = Version(1, row["digest"], "abcd", NOW, AT + timedelta(days=1), quiet_for=100)
        await writer.update_version(row["id"], first)
    id_: UUID = row["id"]
    return id_


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


async def quiet(stores: Stores, margin_s: float = 10, at: datetime = AT, limit: int = 10) -> list[tuple[Any, ...]]:
    async with stores.objects.reading() as reader:
        return [(q.kind, q.credential_id, q.version, q.since) for q in await reader.quiet(at, margin_s, limit)]


async def test_a_secret_is_quiet_since_its_last_use_or_since_another_took_its_place(
    stores: Stores, emptied: Emptied, process: Process
) -> None:
    row = (await stores.company_with_all()).api_client
    first = Version(1, row["digest"], "abcd", NOW)
    async with stores.objects.writing(by=None) as writer:
        await writer.add_version(API_CLIENT, row["id"], Version(2, b"2" * 32, "abcd", ago(110)))
        await writer.update_version(row["id"], replace(first, retires_at=AT + timedelta(days=1), quiet_for=100))
    key = ("api_client", row["id"], 1)
    assert await quiet(stores) == [(*key, ago(110))]
    assert await quiet(stores, 11) == []
    async with emptied.database.connection() as connection:
        await connection.execute(USE, row["id"], 2, ago(1))
        await connection.execute(USE, row["id"], 1, ago(111))
    assert await quiet(stores) == [(*key, ago(110))], "older than the rotation, or of the new secret"
    await process.follows(11.0)
    assert await quiet(stores) == [], "a gateway may have accepted it for so long without a word from here"
    await process.leaves()
    async with emptied.database.connection() as connection:
        await connection.execute("UPDATE credential_use SET last_used_at = $1 WHERE version = 1", ago(109))
    assert await quiet(stores) == []
    for ended in ({"retires_at": AT}, {"revoked": True}, {}):
        end = replace(first, retires_at=AT + timedelta(days=1), quiet_for=1)
        async with stores.objects.writing(by=None) as writer:
            await writer.update_version(row["id"], replace(end, **ended))
        assert len(await quiet(stores)) == (not ended)


@pytest.mark.usefixtures("process")
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


async def test_nothing_is_quiet_while_it_is_not_known_of_a_process_how_far_it_has_counted(
    stores: Stores, usage: PostgresUsage, process: Process
) -> None:
    await retiring(stores, ago(200))
    assert await quiet(stores)
    other = Process(stores, usage)
    await other.follows()
    assert not await quiet(stores), "it has reported no batch yet, or none that could be added"
    await other.counted(ago(91))
    assert not await quiet(stores)
    await other.counted(ago(90))
    assert await quiet(stores)
    await process.follows(usage_source=None)
    assert not await quiet(stores), "it is of a release that does not say"
    await process.leaves()
    assert await quiet(stores)
    await other.leaves()
    await process.counted(AT, counted_until=None)
    assert await quiet(stores), "with the first of several batches it is not known yet, and with the last one it is"
    old = Process(stores, usage)
    await old.counted(AT, counted_until=None)
    assert not await quiet(stores)
    await old.counted(AT, counted_until=None, ended=True)
    assert await quiet(stores)


async def test_what_is_quiet_has_been_since_calls_were_lost_last(
    stores: Stores, usage: PostgresUsage, process: Process
) -> None:
    id_ = await retiring(stores, ago(200))
    await process.counted(AT, lost_at=ago(110).timestamp(), ended=True)
    assert await quiet(stores) == [("api_client", id_, 1, ago(110))]
    await process.counted(AT, lost_at=ago(109).timestamp())
    assert not await quiet(stores)
    await process.counted(AT)
    assert not await quiet(stores), "what is lost stays lost"


async def test_a_process_that_died_has_lost_what_it_had_not_reported(
    stores: Stores, usage: PostgresUsage, process: Process, emptied: Emptied
) -> None:
    await retiring(stores, ago(200))
    async with emptied.database.connection() as connection:
        await connection.execute("UPDATE usage_source SET at = $1", ago(SILENT_AFTER_S))
    await usage.prune(AT.timestamp())
    assert await quiet(stores)
    async with emptied.database.connection() as connection:
        await connection.execute("UPDATE usage_source SET at = $1", ago(SILENT_AFTER_S + 1))
    await process.follows()
    await usage.prune(AT.timestamp())
    assert await quiet(stores), "who follows the changes may be away from here for longer"
    await process.leaves()
    await usage.prune(AT.timestamp())
    assert not await quiet(stores)
    assert not await quiet(stores, at=ago(-109))
    assert await quiet(stores, at=ago(-110))
    await process.counted(ago(-109))
    assert not await quiet(stores, at=ago(-110)), "it was not dead"


@pytest.mark.usefixtures("process")
async def test_what_is_stopped_is_not_quiet_and_takes_no_place_of_what_is(stores: Stores) -> None:
    ids = [await retiring(stores, ago(200 + n)) for n in range(3)]
    async with stores.objects.reading() as reader:
        clients = [await reader.find(API_CLIENT, id_) for id_ in ids]
        company = await reader.find(COMPANY, (clients[2] or {})["company_id"])
    assert clients[1] is not None
    assert company is not None
    await stores.update(API_CLIENT, clients[1], status="suspended")
    await stores.update(COMPANY, company, status="suspended")
    assert [found[1] for found in await quiet(stores, limit=1)] == [ids[0]]
    await stores.update(COMPANY, company, status="active", status_at=ago(110))
    assert (await quiet(stores))[1:] == [("api_client", ids[2], 1, ago(110))]
    await stores.update(COMPANY, company, status="active", status_at=ago(109))
    assert len(await quiet(stores)) == 1
