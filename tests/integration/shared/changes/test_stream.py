import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.changes.stream import ChangeStreamReader, ChangeStreamWriter
from shared.contracts.key_registry import Change
from shared.errors import Unavailable
from shared.redis import PipelinedRedis


def changes(*positions: int) -> list[Change]:
    return [Change(seq=p, kind="company", id=str(p), status="revoked", at=0) for p in positions]


@pytest.fixture
async def writer(redis_database: str) -> AsyncIterator[ChangeStreamWriter]:
    redis = PipelinedRedis(redis_database)
    yield ChangeStreamWriter(redis)
    await redis.stop()


@pytest.fixture
async def reader(redis_database: str) -> AsyncIterator[ChangeStreamReader]:
    reader = ChangeStreamReader(redis_database, wait=0.2)
    yield reader
    await reader.stop()


async def test_relays_at_once_leave_each_change_once_and_in_order(
    writer: ChangeStreamWriter, reader: ChangeStreamReader
) -> None:
    assert await writer.last() is None
    await asyncio.gather(*(writer.append(changes(*range(1, 50))) for _ in range(3)))
    assert await writer.last() == changes(49)[0]
    assert await reader.read(0) == changes(*range(1, 50))


async def test_reader_gets_what_comes_while_it_waits(
    writer: ChangeStreamWriter, reader: ChangeStreamReader
) -> None:
    await writer.append(changes(7))
    assert await reader.read(7) == []
    waiting = asyncio.create_task(reader.read(7))
    await asyncio.sleep(0.05)
    await writer.append(changes(8, 9))
    assert (await waiting)[0] == changes(8)[0]


async def test_stream_without_its_server_is_unavailable() -> None:
    reader = ChangeStreamReader("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        await reader.read(0)
    await reader.stop()
