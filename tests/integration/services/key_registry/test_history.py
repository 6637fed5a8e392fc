"""After a restore, or a failover to an older copy: no revocation is missed, and no receipt counts a lost report."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from shared.changes.follower import ChangeFollower
from shared.changes.reporter import PositionReporter
from shared.changes.stopped_set import StoppedSet
from shared.changes.stream import ChangeStreamReader
from shared.clock import SystemClock
from shared.contracts.key_registry import KeyRegistryClient, Position, Revocation
from shared.errors import Unavailable
from tests.support.harness.database_copies import DatabaseCopies
from tests.support.harness.key_registry import Responded, Running, running_registry
from tests.support.waiting import until


@dataclass
class Consumer:
    """What a gateway does with the changes, without the rest of it."""

    name: str
    stopped: StoppedSet
    follower: ChangeFollower
    stream: ChangeStreamReader
    reporter: PositionReporter

    def knows(self, ids: Sequence[str]) -> bool:
        return all(id_ in self.stopped for id_ in ids)


@dataclass
class Plane:
    """Registries over one database and one stream, and who calls them."""

    registries: list[Running]
    clients: list[KeyRegistryClient]
    issuer: KeyRegistryClient
    redis_url: str

    def consumer(self, number: int = 0) -> Consumer:
        """Of one of the registries; not started."""
        client = self.clients[number % len(self.clients)]
        stopped, stream = StoppedSet(SystemClock()), ChangeStreamReader(self.redis_url, wait=0.2)
        follower = ChangeFollower(client, (stopped,), clock=SystemClock(), stream=stream)
        return Consumer(f"c{number}", stopped, follower, stream, PositionReporter("gateway", follower, client))

    @asynccontextmanager
    async def running(self, count: int) -> AsyncIterator[list[Consumer]]:
        consumers = [self.consumer(number) for number in range(count)]
        for consumer in consumers:
            await consumer.follower.start()
            await consumer.reporter.start()
        await until(lambda: all(c.follower.fresh for c in consumers))
        try:
            yield consumers
        finally:
            for consumer in consumers:
                await consumer.reporter.stop()
                await consumer.follower.stop()

    async def revoke(self, count: int) -> list[str]:
        """So many JWTs, each by a change of its own."""
        ids = [secrets.token_hex(8) for _ in range(count)]
        for id_ in ids:
            await until(partial(self._revoked, id_))
        return ids

    async def _revoked(self, id_: str) -> bool:
        try:
            await self.issuer.revoke(Revocation(kind="jwt", id=id_, until=time.time() + 3600))
        except Unavailable:  # its connections were those of the lost database
            return False
        return True

    async def receipt(self, position: int, query: str = "") -> tuple[str, int, int]:
        responses: list[Responded] = []

        async def responded() -> bool:
            responses.append(await self.registries[-1].owner.get(f"/receipts/{position}{query}"))
            return responses[-1].status != 503  # as it is while this registry has yet to compare its history

        await until(responded)
        response = responses[-1]
        assert response.status == 200, response.raw
        return response.body["state"], response.body["applied"], response.body["of"]

    async def last(self) -> int:
        return (await self.issuer.changes(0)).last


@pytest.fixture
async def plane(
    request: pytest.FixtureRequest,
    copies: DatabaseCopies,
    registry_database_url: str,
    redis_database: str,
    tmp_path: Path,
) -> AsyncIterator[Plane]:
    """With two registries, unless a test names another number."""
    async with AsyncExitStack() as stack:
        registries = [
            await stack.enter_async_context(
                running_registry(registry_database_url, tmp_path / str(number), redis_url=redis_database)
            )
            for number in range(getattr(request, "param", 2))
        ]
        clients = [await stack.enter_async_context(registry.client("gateway")) for registry in registries]
        issuer = await stack.enter_async_context(registries[0].client("token_issuer"))
        yield Plane(registries, clients, issuer, redis_database)


@pytest.mark.parametrize("plane", [1], indirect=True)
@pytest.mark.parametrize("others", [3, 10, 13])
async def test_what_was_revoked_before_and_after_the_restore_is_known_and_no_position_is_used_again(
    plane: Plane, copies: DatabaseCopies, others: int
) -> None:
    consumer = plane.consumer()
    before = await plane.revoke(2)
    await copies.keep()
    lost = await plane.revoke(10)
    await consumer.follower.poll()
    position = consumer.follower.position
    await copies.go_back()
    revoked = await plane.revoke(others)
    assert await plane.last() >= position + others
    await consumer.follower.poll()
    assert consumer.knows([*before, *lost, *revoked])
    await consumer.stream.stop()


@pytest.mark.parametrize(("plane", "others"), [(1, 13), (2, 3), (2, 10)], indirect=["plane"])
async def test_consumers_that_stream_know_what_is_revoked_after_it_and_again_over_the_stream(
    plane: Plane, copies: DatabaseCopies, others: int
) -> None:
    async with plane.running(4) as consumers:
        await copies.keep()
        lost = await plane.revoke(10)
        await until(lambda: all(c.knows(lost) for c in consumers))
        await copies.go_back()
        revoked = await plane.revoke(others)
        await until(lambda: all(c.knows([*lost, *revoked]) for c in consumers))
        await until(lambda: all(c.follower.streaming and c.follower.fresh for c in consumers))
        later = await plane.revoke(3)
        await until(lambda: all(c.knows(later) for c in consumers))


async def test_a_receipt_says_applied_only_once_each_consumer_has_applied_that_very_change(
    plane: Plane, copies: DatabaseCopies
) -> None:
    async with plane.running(4) as consumers:
        await plane.revoke(1)
        assert await plane.receipt(await plane.last(), "?wait=applied&timeout=10") == ("applied", 4, 4)
        await copies.keep()
        lost = await plane.revoke(10)
        await until(lambda: all(c.knows(lost) for c in consumers))
        await copies.go_back()
        for _ in range(2):
            revoked = await plane.revoke(4)
            state, _, of = await plane.receipt(await plane.last(), "?wait=applied&timeout=10")
            assert (state, of) == ("applied", 4)
            assert all(c.knows(revoked) for c in consumers)


@pytest.mark.parametrize("plane", [1], indirect=True)
async def test_what_a_consumer_still_reports_of_the_lost_history_leaves_receipts_pending(
    plane: Plane, copies: DatabaseCopies
) -> None:
    consumer = plane.consumer()
    await copies.keep()
    await plane.revoke(10)
    await consumer.follower.poll()
    await copies.go_back()
    await plane.revoke(10)
    reached, mark, last = consumer.follower.position, consumer.follower.mark, await plane.last()
    for position in (Position(instance="a", service="gateway", position=last, mark=m) for m in (mark, None)):
        await plane.clients[0].report(position)
        for id_ in range(last - 9, last + 1):
            assert await plane.receipt(id_) == ("pending", 0, 1)
    assert (await plane.registries[0].owner.get(f"/receipts/{reached}")).status == 404
    await consumer.follower.poll()
    mark = consumer.follower.mark
    await plane.clients[0].report(Position(instance="a", service="gateway", position=last, mark=mark))
    assert await plane.receipt(last) == ("applied", 1, 1)
    await consumer.stream.stop()


async def test_a_restore_again_and_again_loses_nothing(plane: Plane, copies: DatabaseCopies) -> None:
    async with plane.running(2) as consumers:
        for _ in range(3):
            await copies.keep()
            lost = await plane.revoke(5)
            await asyncio.gather(*(until(partial(c.knows, lost)) for c in consumers))
            await copies.go_back()
            revoked = await plane.revoke(5)
            await asyncio.gather(*(until(partial(c.knows, [*lost, *revoked])) for c in consumers))
