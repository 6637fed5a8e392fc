"""Every store of the issuer and its twin in memory keep the same promises."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from asyncpg.exceptions import CheckViolationError

from services.token_issuer.config import NAME
from services.token_issuer.storage.ports import SigningKeyRecord, SigningKeyStore, UsedAssertions
from services.token_issuer.storage.postgres import SCHEMA
from services.token_issuer.storage.postgres import signing_keys as signing_keys_table
from services.token_issuer.storage.postgres.signing_keys import PostgresSigningKeys
from services.token_issuer.storage.postgres.used_assertions import PostgresUsedAssertions
from shared.errors import Unavailable
from shared.postgres.migrations import migrate
from shared.postgres.pool import Connection, Database
from tests.support.doubles.token_issuer import MemorySigningKeys, MemoryUsedAssertions

REAL_OR_MEMORY = pytest.mark.parametrize("backend", ["memory", "real"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database(issuer_database_url: str) -> AsyncIterator[Database]:
    database = Database(issuer_database_url, schema=NAME, timeout=5)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def keys(backend: str, request: pytest.FixtureRequest) -> SigningKeyStore:
    return MemorySigningKeys() if backend == "memory" else PostgresSigningKeys(request.getfixturevalue("database"))


@pytest.fixture
def used(backend: str, request: pytest.FixtureRequest) -> UsedAssertions:
    if backend == "memory":
        return MemoryUsedAssertions()
    return PostgresUsedAssertions(request.getfixturevalue("database"))


def key(kid: str) -> SigningKeyRecord:
    return SigningKeyRecord(kid, "ES256", {"kty": "EC", "kid": kid}, b"\x00sealed\xff")


async def kids(keys: SigningKeyStore, **attributes: bool) -> list[str]:
    """Those of which each of the times is there, or is not."""
    return [
        record.kid
        for record in await keys.all()
        if all((getattr(record, name) is not None) is there for name, there in attributes.items())
    ]


@REAL_OR_MEMORY
async def test_key_comes_back_as_it_was_with_the_time_of_its_publication(keys: SigningKeyStore) -> None:
    before = await keys.time()
    assert await keys.add_pending(key("a"))
    (found,) = await keys.all()
    assert before <= found.published_at <= await keys.time()
    assert found == replace(key("a"), published_at=found.published_at)


@REAL_OR_MEMORY
async def test_first_key_signs_and_is_added_once_also_at_once(keys: SigningKeyStore) -> None:
    added = await asyncio.gather(*(keys.add_first(key(f"k{i}")) for i in range(8)))
    assert added.count(True) == 1
    assert len(await kids(keys, signing_since=True)) == len(await keys.all()) == 1


@REAL_OR_MEMORY
async def test_one_key_at_a_time_waits_to_sign_also_of_many_at_once(keys: SigningKeyStore) -> None:
    await keys.add_first(key("first"))
    added = await asyncio.gather(*(keys.add_pending(key(f"k{i}")) for i in range(8)))
    assert added.count(True) == 1
    assert await kids(keys, signing_since=True) == ["first"]
    (waiting,) = await kids(keys, signing_since=False)
    assert await keys.revoke(waiting)
    assert await keys.add_pending(key("another"))


@REAL_OR_MEMORY
async def test_key_that_begins_to_sign_retires_the_one_before_in_one_step_and_once(keys: SigningKeyStore) -> None:
    await keys.add_first(key("a"))
    await keys.add_pending(key("b"))
    activated = await asyncio.gather(*(keys.activate("b") for _ in range(8)))
    assert activated.count(True) == 1
    a, b = await keys.all()
    assert a.retiring_since == b.signing_since is not None
    assert b.retiring_since is None
    assert not await keys.activate("a")
    assert not await keys.activate("unknown")
    await keys.add_pending(key("c"))
    await keys.activate("c")
    assert (await keys.all())[0].retiring_since == a.retiring_since


@REAL_OR_MEMORY
async def test_confirmation_is_kept_with_its_first_time_and_taken_back(keys: SigningKeyStore) -> None:
    await keys.add_first(key("a"))
    await keys.add_pending(key("b"))
    assert not await keys.set_confirmed("b", confirmed=False)
    assert await keys.set_confirmed("b", confirmed=True)
    first = (await keys.all())[1].confirmed_at
    assert not await keys.set_confirmed("b", confirmed=True)
    assert (await keys.all())[1].confirmed_at == first is not None
    assert await keys.set_confirmed("b", confirmed=False)
    assert await kids(keys, confirmed_at=True) == []
    assert not await keys.set_confirmed("a", confirmed=True)
    assert not await keys.set_confirmed("unknown", confirmed=True)


async def test_first_key_is_added_once_with_both_transactions_held_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserted, commit = asyncio.Event(), asyncio.Event()
    insert = signing_keys_table._insert

    async def insert_and_wait(connection: Connection, record: SigningKeyRecord, *, signs: bool) -> None:
        await insert(connection, record, signs=signs)
        inserted.set()
        await commit.wait()

    async def second_waits() -> bool:
        async with database.connection() as connection:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                )
            )

    monkeypatch.setattr(signing_keys_table, "_insert", insert_and_wait)
    store = PostgresSigningKeys(database)
    first = asyncio.create_task(store.add_first(key("first")))
    await asyncio.wait_for(inserted.wait(), 10)
    second = asyncio.create_task(store.add_first(key("second")))
    try:
        async with asyncio.timeout(10):
            while not second.done() and not await second_waits():
                await asyncio.sleep(0.01)
    finally:
        commit.set()
    assert (await first, await second) == (True, False)
    assert [record.kid for record in await store.all()] == ["first"]


@REAL_OR_MEMORY
async def test_first_key_is_the_first_that_ever_was(keys: SigningKeyStore) -> None:
    await keys.add_first(key("old"))
    await keys.revoke("old")
    assert not await keys.add_first(key("another"))
    await keys.remove(["old"])
    assert await keys.add_first(key("another"))


@REAL_OR_MEMORY
async def test_revoked_key_has_no_private_half_and_never_signs(keys: SigningKeyStore) -> None:
    await keys.add_first(key("old"))
    await keys.add_pending(key("waiting"))
    assert await keys.revoke("waiting")
    assert not await keys.activate("waiting")
    assert not await keys.set_confirmed("waiting", confirmed=True)
    assert await keys.revoke("old")
    assert not await keys.revoke("old")
    assert not await keys.revoke("unknown")
    assert [(record.revoked_at is not None, record.sealed) for record in await keys.all()] == [(True, b"")] * 2


@REAL_OR_MEMORY
async def test_private_half_is_destroyed_and_the_rest_stays(keys: SigningKeyStore) -> None:
    await keys.add_first(key("a"))
    await keys.add_pending(key("b"))
    await keys.destroy_private(["a"])
    assert [record.sealed for record in await keys.all()] == [b"", key("b").sealed]


@REAL_OR_MEMORY
async def test_removed_keys_are_gone(keys: SigningKeyStore) -> None:
    await keys.add_first(key("a"))
    for kid in ("b", "c"):
        await keys.add_pending(key(kid))
        await keys.activate(kid)
    await keys.remove(["a", "c", "unknown"])
    await keys.remove([])
    assert [record.kid for record in await keys.all()] == ["b"]


@REAL_OR_MEMORY
async def test_whether_an_id_was_used_is_known_and_does_not_use_it(used: UsedAssertions) -> None:
    assert not await used.was_used("kid", b"j" * 32)
    assert await used.use("kid", b"j" * 32, 100.0)
    assert await used.was_used("kid", b"j" * 32)
    assert not await used.was_used("other", b"j" * 32)


@REAL_OR_MEMORY
async def test_id_is_used_exactly_once_for_each_key_also_at_once(used: UsedAssertions) -> None:
    first = await asyncio.gather(*(used.use("kid", b"j" * 32, 100.0) for _ in range(20)))
    assert first.count(True) == 1
    assert await used.use("other", b"j" * 32, 100.0)
    assert await used.use("kid", b"k" * 32, 100.0)
    assert not await used.use("kid", b"j" * 32, 999.0)


@REAL_OR_MEMORY
async def test_only_expired_ids_are_forgotten(used: UsedAssertions) -> None:
    await used.use("kid", b"a" * 32, 100.0)
    await used.use("kid", b"b" * 32, 200.0)
    assert await used.delete_expired(150.0, limit=10) == 1
    assert await used.use("kid", b"a" * 32, 300.0)
    assert not await used.use("kid", b"b" * 32, 300.0)


@REAL_OR_MEMORY
async def test_expired_ids_are_deleted_a_batch_at_a_time(used: UsedAssertions) -> None:
    for n in range(5):
        await used.use("kid", bytes([n]) * 32, 100.0)
    assert [await used.delete_expired(150.0, limit=2) for _ in range(4)] == [2, 2, 1, 0]


@REAL_OR_MEMORY
async def test_the_clock_of_the_keys_goes_on(keys: SigningKeyStore) -> None:
    first = await keys.time()
    assert await keys.time() >= first > 1_600_000_000


async def test_stores_without_their_server_are_unavailable() -> None:
    database = Database("postgresql://u@127.0.0.1:1/x", schema=NAME, timeout=0.5)
    await database.start()
    with pytest.raises(Unavailable):
        await PostgresUsedAssertions(database).use("kid", b"j" * 32, 1.0)
    with pytest.raises(Unavailable):
        await PostgresSigningKeys(database).all()
    await database.stop()


async def test_migrating_twice_at_once_is_harmless(database_url: str) -> None:
    await asyncio.gather(
        *(asyncio.to_thread(migrate, database_url, schema=SCHEMA.name, folder=SCHEMA.migrations) for _ in range(2))
    )


async def test_database_refuses_a_private_member_in_the_public_key(database: Database) -> None:
    leaking = SigningKeyRecord("kid", "ES256", {"kty": "EC", "d": "secret"}, b"x")
    with pytest.raises(CheckViolationError):
        await PostgresSigningKeys(database).add_pending(leaking)


async def test_a_table_of_used_ids_is_relied_upon_once_its_history_was_confirmed(database: Database) -> None:
    confirmations = []

    async def confirm() -> None:
        confirmations.append(1)
        if len(confirmations) in (1, 3):
            raise Unavailable

    used, later = PostgresUsedAssertions(database, confirm), time.time() + 60
    with pytest.raises(Unavailable):
        await used.use("kid", b"a" * 32, later)
    assert await used.use("kid", b"b" * 32, later)
    assert await used.use("kid", b"c" * 32, later)
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE other (LIKE used_jti INCLUDING ALL)")
        await connection.execute("DROP TABLE used_jti")
        await connection.execute("ALTER TABLE other RENAME TO used_jti")
    with pytest.raises(Unavailable):
        await used.use("kid", b"c" * 32, later)
    assert len(confirmations) == 3
