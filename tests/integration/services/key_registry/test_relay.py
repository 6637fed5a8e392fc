"""Changes in the stream: soon, once and in order, whatever becomes of Valkey; and the registry serves meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.changes.stream import STREAM, ChangeStreamReader, ChangeStreamWriter, UnreadableStream
from shared.contracts.key_registry import Change
from shared.redis import PipelinedRedis
from tests.support.harness.key_registry import Running, running_registry
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.stores import embedded_valkey
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, becomes


@dataclass
class Relayed:
    """A registry that relays through a proxy, and a reader that does not read through it."""

    running: Running
    proxy: FaultProxy
    reader: ChangeStreamReader
    redis: PipelinedRedis

    async def entries(self, *, last: int) -> list[Change]:
        """All entries, once the one at `last` is there."""
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            while True:
                found = list(await self.reader.read(0))
                if found and found[-1].seq >= last:
                    return found
                await asyncio.sleep(0.01)

    async def position(self) -> int:
        async with self.running.client("gateway") as client:
            return (await client.changes(0)).last

    async def metric(self, name: str) -> float:
        raw = (await self.running.owner.get(f"{self.running.url}/metrics")).raw.decode()
        (line,) = [line for line in raw.splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])

    async def newest(self) -> int:
        """The position of the newest entry, 0 when there is none that can be read."""
        with contextlib.suppress(UnreadableStream):
            if change := await ChangeStreamWriter(self.redis).last():
                return change.seq
        return 0

    async def health(self) -> Any:
        return (await self.running.owner.get(f"{self.running.url}/health")).body

    async def status(self) -> Any:
        return (await self.health())["status"]

    async def until(self, name: str, wanted: float) -> None:
        await becomes(wanted, lambda: self.metric(name))

    async def ready(self) -> bool:
        return (await self.running.owner.get(f"{self.running.url}/health/ready")).status == 200


@asynccontextmanager
async def relaying(database_url: str, redis_url: str, directory: Path) -> AsyncIterator[Relayed]:
    server = urlsplit(redis_url)
    async with AsyncExitStack() as stack:
        reader, redis = ChangeStreamReader(redis_url, wait=0.2), PipelinedRedis(redis_url)
        stack.push_async_callback(reader.stop)
        stack.push_async_callback(redis.stop)
        proxy = await stack.enter_async_context(FaultProxy(server.hostname or "", server.port or 0))
        through = f"redis://{server.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}/0"
        running = await stack.enter_async_context(running_registry(database_url, directory, redis_url=through))
        stack.callback(proxy.restore)
        relayed = Relayed(running, proxy, reader, redis)
        await relayed.until("change_relay_up", 1)
        yield relayed


@pytest.fixture
async def relayed(registry_database_url: str, redis_database: str, tmp_path: Path) -> AsyncIterator[Relayed]:
    async with relaying(registry_database_url, redis_database, tmp_path) as one:
        yield one


async def test_each_change_is_in_the_stream_once_in_order_and_as_the_feed_has_it(relayed: Relayed) -> None:
    start = await relayed.position()
    owner = relayed.running.owner
    company = await owner.company()
    await asyncio.gather(*(owner.company() for _ in range(10)))
    await owner.post(f"/companies/{company['id']}/suspend")
    entries = await relayed.entries(last=start + 12)
    async with relayed.running.client("gateway") as client:
        assert entries == list((await client.changes(start)).changes)
    assert entries[0].company_id == company["id"]


async def test_two_registries_relay_the_same_changes_and_each_stands_there_once(
    registry_database_url: str, redis_database: str, tmp_path: Path
) -> None:
    async with (
        relaying(registry_database_url, redis_database, tmp_path / "a") as one,
        relaying(registry_database_url, redis_database, tmp_path / "b") as other,
    ):
        start = await one.position()
        await asyncio.gather(*(r.running.owner.company() for r in (one, other) * 10))
        entries = await one.entries(last=start + 20)
        assert [c.seq for c in entries if c.seq > start] == list(range(start + 1, start + 21))


@pytest.mark.parametrize("fault", ["cut", "swallow"])
async def test_with_the_stream_away_the_registry_serves_and_reports_it_and_what_is_missing_follows(
    relayed: Relayed, fault: str
) -> None:
    start = await relayed.position()
    getattr(relayed.proxy, fault)()
    for _ in range(3):
        await relayed.running.owner.company()
    await relayed.until("change_relay_up", 0)
    await relayed.until("change_relay_lag", 3)
    assert await relayed.ready()
    relayed.proxy.restore()
    entries = await relayed.entries(last=start + 3)
    assert [c.seq for c in entries if c.seq > start] == [start + 1, start + 2, start + 3]
    await relayed.until("change_relay_lag", 0)


async def test_connections_that_are_cut_again_and_again_lose_no_change(relayed: Relayed) -> None:
    start = await relayed.position()
    for n in range(12):
        if n % 3 == 0:
            relayed.proxy.restore()  # resets what is open
        await relayed.running.owner.company()
    seen = {change.seq for change in await relayed.entries(last=start + 12)}
    assert set(range(start + 1, start + 13)) <= seen


@pytest.mark.parametrize("keeps_its_data", [True, False])
async def test_after_a_restart_of_valkey_changes_are_relayed_again(
    registry_database_url: str, tmp_path: Path, keeps_its_data: bool
) -> None:
    with embedded_valkey() as valkey:
        async with relaying(registry_database_url, valkey.store.url(), tmp_path) as relayed:
            start = await relayed.position()
            await relayed.running.owner.company()
            await relayed.entries(last=start + 1)
            if not keeps_its_data:
                await relayed.redis.execute("FLUSHALL")
            await asyncio.to_thread(valkey.kill)
            await relayed.running.owner.company()
            assert await relayed.ready()
            await asyncio.to_thread(valkey.start)
            await relayed.running.owner.company()
            seen = [change.seq for change in await relayed.entries(last=start + 3)]
            assert seen[-2:] == [start + 2, start + 3]


LAST_ID = "18446744073709551614-1"
ENTRY = Change(seq=1, kind="company", id="x", status="active", at=0).model_dump_json()


@pytest.mark.parametrize(
    "commands",
    [
        [("SET", STREAM, "x")],
        [("RPUSH", STREAM, "x")],
        [("XADD", STREAM, LAST_ID, "x", "y")],
        [("XADD", STREAM, LAST_ID, "change", "x")],
        [("XADD", STREAM, LAST_ID, "change", ENTRY)],
        [("XADD", STREAM, LAST_ID, "x", "y"), ("XTRIM", STREAM, "MAXLEN", 0)],
    ],
    ids=["a string", "a list", "another field", "no change", "another position", "its entries were removed"],
)
async def test_whatever_stands_in_place_of_the_stream_is_cleared_and_changes_are_relayed_again(
    relayed: Relayed, commands: list[tuple[str | int, ...]]
) -> None:
    start = await relayed.position()
    await relayed.redis.execute("DEL", STREAM)
    for command in commands:
        await relayed.redis.execute(*command)
    await relayed.running.owner.company()
    await becomes(start + 1, relayed.newest)
    await relayed.until("change_relay_up", 1)


async def test_health_names_the_relay_while_changes_cannot_be_written(relayed: Relayed) -> None:
    await becomes("ok", relayed.status)
    await relayed.redis.execute("CONFIG SET", "min-replicas-to-write", 3)
    try:
        await relayed.running.owner.company()
        await relayed.until("change_relay_up", 0)
        report = await relayed.health()
        assert (report["status"], report["dependencies"]["change_relay"]["state"]) == ("degraded", "down")
    finally:
        await relayed.redis.execute("CONFIG SET", "min-replicas-to-write", 0)
    await relayed.until("change_relay_up", 1)


async def test_a_stream_of_a_registry_that_is_no_more_is_cleared(
    registry_database_url: str, redis_database: str, tmp_path: Path
) -> None:
    redis = PipelinedRedis(redis_database)
    stale = Change(seq=1000, kind="company", id="x", status="active", at=0)
    await redis.execute("XADD", STREAM, "1000-0", "change", stale.model_dump_json())
    await redis.stop()
    async with relaying(registry_database_url, redis_database, tmp_path) as relayed:
        start = await relayed.position()
        company = await relayed.running.owner.company()
        entries = await relayed.entries(last=start + 1)
        assert [(c.seq, c.id) for c in entries if c.seq > start] == [(start + 1, company["id"])]
