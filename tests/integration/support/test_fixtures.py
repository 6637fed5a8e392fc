"""What a test may take for granted about its stores."""

import asyncpg
import redis.asyncio


async def test_a_database_is_empty_and_its_owner_is_no_superuser(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT current_setting('is_superuser')") == "off"
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        await connection.execute("CREATE SCHEMA key_registry; CREATE TABLE key_registry.t (id int)")
    finally:
        await connection.close()


async def test_two_tests_never_share_a_database(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT to_regnamespace('key_registry')") is None
    finally:
        await connection.close()


async def test_redis_starts_empty(redis_database: str) -> None:
    async with redis.asyncio.from_url(redis_database) as client:
        assert await client.dbsize() == 0
        await client.set("left", "behind")


async def test_redis_starts_empty_again(redis_database: str) -> None:
    async with redis.asyncio.from_url(redis_database) as client:
        assert await client.dbsize() == 0
