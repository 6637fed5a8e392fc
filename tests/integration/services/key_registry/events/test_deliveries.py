"""What is due reaches its target: at least once, by one process at a time, whatever other targets do."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook as Verifier
from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import instant
from services.key_registry.events.ports import EventFilter
from services.key_registry.events.webhooks.client import TargetClient
from services.key_registry.events.webhooks.dispatch import OTHERS_AT_ONCE, PROVEN_AT_ONCE, Dispatcher
from services.key_registry.events.webhooks.ports import KeptDelivery
from services.key_registry.events.webhooks.resolution import SystemNames
from services.key_registry.events.webhooks.schedule import RETRIED_FOR
from services.key_registry.events.webhooks.secret_box import WebhookSecrets
from services.key_registry.events.webhooks.signatures import shown_secret
from services.key_registry.events.webhooks.targets import TargetPolicy
from services.key_registry.ports.webhooks import Webhook
from services.key_registry.recording.events import record
from services.key_registry.storage.postgres.notices.deliveries import PostgresDeliveryQueue
from services.key_registry.storage.postgres.notices.events import PostgresEvents
from services.key_registry.storage.postgres.notices.webhooks import PostgresWebhooks
from services.key_registry.storage.postgres.store import PostgresStore
from shared.postgres.pool import Database
from shared.sealed_box import SealedBox
from tests.support.clock import FakeClock
from tests.support.harness.webhook_receiver import Receiver, hangs, receiver, status
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until

SECRET = b"s" * 32
ALL = EventFilter()
SECRETS = WebhookSecrets(SealedBox(b"k" * 32))


class Post:
    """The installation's events and webhooks, and its processes."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.store = PostgresStore(database, timeout=BUSY_MACHINE_LIMIT_S)
        self.webhooks = PostgresWebhooks(database)

    @asynccontextmanager
    async def process(self, *, timeout: float = BUSY_MACHINE_LIMIT_S) -> AsyncIterator[Dispatcher]:
        """One that begins with what is due when it is asked to."""
        names = SystemNames()
        client = TargetClient(
            names.addresses, TargetPolicy((ipaddress.ip_network("127.0.0.0/8"),)), timeout=timeout
        )
        dispatcher = Dispatcher(PostgresDeliveryQueue(self.database), client.post, SECRETS, self.clock)
        try:
            yield dispatcher
        finally:
            await dispatcher.stop()
            await names.stop()

    async def webhook(self, url: str, **members: Any) -> UUID:
        id_, now = uuid7(), instant(self.clock.now())
        given = {"company_id": None, "name": "x", "url": url, "types": (), "enabled": True, **members}
        sealed = SECRETS.seal(id_, SECRET)
        webhook = Webhook(id=id_, created_at=now, updated_at=now, sealed_secret=sealed, **given)
        async with self.store.writing(by=None) as writer:
            await writer.insert_webhook(webhook)
        return id_

    async def events(self, count: int = 1) -> Sequence[str]:
        """Their ids, in the order in which they were written."""
        for _ in range(count):
            async with self.store.writing(by=None) as writer:
                at = self.clock.now()
                await record(writer, "credential.revoked", at=at, company_id=None, data={"name": "Käse"})
        kept = await PostgresEvents(self.database).newest(ALL, None, count)
        return [str(each.event.id) for each in reversed(kept)]

    async def deliveries(self, webhook_id: UUID) -> Sequence[KeptDelivery]:
        return await self.webhooks.deliveries(webhook_id, None, 1000, state=None, event_id=None)

    async def delivery(self, webhook_id: UUID) -> KeptDelivery:
        (found,) = await self.deliveries(webhook_id)
        return found


@pytest.fixture
def post(database: Database, clock: FakeClock) -> Post:
    return Post(database, clock)


async def run(dispatcher: Dispatcher) -> None:
    """What is due now, to its end."""
    await dispatcher.begin()
    await dispatcher.settled()


async def test_an_event_is_posted_with_a_signature_and_logged(post: Post) -> None:
    async with receiver() as found, post.process() as process:
        id_ = await post.webhook(found.url)
        (event_id,) = await post.events()
        await run(process)
        (received,) = found.received
        assert received.headers["webhook-id"] == event_id
        assert received.headers["webhook-timestamp"] == str(int(post.clock.now()))
        signature = Verifier(shown_secret(SECRET)).sign(event_id, instant(post.clock.now()), received.body.decode())
        assert received.headers["webhook-signature"] == signature
        delivery = await post.delivery(id_)
        assert (delivery.state, [a["status"] for a in delivery.attempts]) == ("delivered", [204])
        await run(process)
        assert len(found.received) == 1


async def test_events_come_in_order_one_at_a_time(post: Post) -> None:
    async with receiver() as found, post.process() as process:
        await post.webhook(found.url)
        ids = await post.events(22)
        for _ in range(2):
            await run(process)
        assert found.ids == ids
        assert found.most_under_way == 1


async def test_what_fails_is_tried_again_with_the_same_id_for_three_days_then_kept_as_dead(post: Post) -> None:
    async with receiver(status(503)) as found, post.process() as process:
        id_ = await post.webhook(found.url)
        await post.events()
        start = post.clock.now()
        while (delivery := await post.delivery(id_)).state == "pending":
            assert delivery.next_attempt_at is not None
            post.clock.advance(max(delivery.next_attempt_at.timestamp() - post.clock.now(), 0))
            post.clock.advance(0.001)
            await run(process)
        assert post.clock.now() - start == pytest.approx(RETRIED_FOR.total_seconds(), abs=1)
        assert len(set(found.ids)) == 1
        assert len({received.body for received in found.received}) == 1
        assert len(found.received) == len(delivery.attempts) > 10
        assert {attempt["error"] for attempt in delivery.attempts} == {"status"}
        post.clock.advance(86400)
        await run(process)
        assert len(found.received) == len(delivery.attempts)
        webhook = await post.webhooks.find(id_)
        assert webhook is not None
        assert webhook.failing_since == instant(start + 0.001)

        found.respond = status(200)
        async with post.store.writing(by=None) as writer:
            assert await writer.replay_delivery(id_, delivery.id, instant(post.clock.now()))
        await run(process)
        assert (await post.delivery(id_)).state == "delivered"
        assert len(set(found.ids)) == 1
        webhook = await post.webhooks.find(id_)
        assert webhook is not None
        assert (webhook.failing_since, webhook.last_delivered_at) == (None, instant(post.clock.now()))


async def test_what_waited_for_longer_than_three_days_is_tried_all_the_same(post: Post) -> None:
    async with receiver() as found, post.process() as process:
        id_ = await post.webhook(found.url)
        await post.events()
        post.clock.advance(10 * 86400)
        await run(process)
        assert (await post.delivery(id_)).state == "delivered"


async def test_what_waited_for_three_days_behind_others_for_a_target_that_failed_is_given_up_too(
    post: Post,
) -> None:
    async with receiver(status(503)) as found, post.process() as process:
        id_ = await post.webhook(found.url)
        await post.events(5)
        await run(process)
        post.clock.advance(RETRIED_FOR.total_seconds() - 3600)
        await post.events(1)
        await run(process)
        assert {delivery.state for delivery in await post.deliveries(id_)} == {"pending"}
        post.clock.advance(3601)
        await run(process)
        newest, *others = await post.deliveries(id_)
        assert newest.state == "pending"
        dead = [delivery for delivery in others if delivery.state == "dead"]
        assert len(dead) == 3, "the others have had their first attempt just now, or an hour ago"
        found.respond = status(200)
        async with post.store.writing(by=None) as writer:
            await writer.replay_delivery(id_, dead[0].id, instant(post.clock.now()))
        post.clock.advance(86400)
        await run(process)
        states = {delivery.id: delivery.state for delivery in await post.deliveries(id_)}
        assert [states[delivery.id] for delivery in (newest, *dead)] == ["delivered", "delivered", "dead", "dead"]


@pytest.mark.parametrize("change", ["enabled", "url"])
async def test_a_webhook_that_is_changed_while_it_is_delivered_to_holds_as_it_is_now(
    post: Post, change: str
) -> None:
    async with receiver() as found, receiver() as other, post.process() as process:
        id_ = await post.webhook(found.url)
        await post.events(3)

        async def changed(writer_to_process: asyncio.StreamWriter) -> None:
            webhook = await post.webhooks.find(id_)
            assert webhook is not None
            async with post.store.writing(by=None) as writer:
                disabled = replace(webhook, enabled=False)
                await writer.update_webhook(disabled if change == "enabled" else replace(webhook, url=other.url))
            await status(204)(writer_to_process)

        found.respond = changed
        await run(process)
        assert len(found.received) == 1
        assert len(other.received) == (0 if change == "enabled" else 2)


async def test_a_delivery_that_is_replayed_during_its_last_attempt_is_tried_again(post: Post) -> None:
    async with receiver(status(503)) as found, post.process() as process:
        id_ = await post.webhook(found.url)
        await post.events()
        await run(process)
        delivery = await post.delivery(id_)
        post.clock.advance(RETRIED_FOR.total_seconds())

        async def replayed(writer_to_process: asyncio.StreamWriter) -> None:
            async with post.store.writing(by=None) as writer:
                assert await writer.replay_delivery(id_, delivery.id, instant(post.clock.now()))
            await status(503)(writer_to_process)

        found.respond = replayed
        await run(process)
        assert (await post.delivery(id_)).state == "pending"


async def test_targets_that_hang_hold_up_no_other(post: Post) -> None:
    """Those that have accepted nothing have room for a few alone, also where there are more of them."""
    async with receiver(hangs) as hung, receiver() as found, post.process() as process:
        await post.webhook(found.url)
        ids = list(await post.events())
        await run(process)
        for _ in range(2 * (PROVEN_AT_ONCE + OTHERS_AT_ONCE)):
            await post.webhook(hung.url)
        ids += await post.events(3)
        for _ in range(2):
            await process.begin()
        await until(lambda: found.ids == ids)
        await until(lambda: hung.connections == OTHERS_AT_ONCE)


async def test_one_that_was_accepting_and_hangs_has_its_place_once(post: Post) -> None:
    async with receiver() as found, post.process(timeout=0.1) as impatient:
        id_ = await post.webhook(found.url)
        await post.events(1)
        await run(impatient)
        queue = PostgresDeliveryQueue(post.database)
        for respond, proven in ((hangs, True), (status(500), False), (status(200), False), (status(200), True)):
            found.respond = respond
            await post.events(1)
            post.clock.advance(86400)
            claimed = await queue.claim(instant(post.clock.now()), 9, proven=proven)
            assert [webhook.id for webhook in claimed] == [id_], proven
            assert await queue.claim(instant(post.clock.now()), 9, proven=not proven) == []
            await queue.release()
            await run(impatient)


async def test_two_processes_deliver_each_event_once(post: Post) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        receivers: list[Receiver] = [await enter(receiver()) for _ in range(4)]
        processes = [await enter(post.process()) for _ in range(2)]
        for each in receivers:
            await post.webhook(each.url)
        ids = await post.events(12)
        while any(len(each.ids) < len(ids) for each in receivers):
            await asyncio.gather(*(run(process) for process in processes))
        assert [each.ids for each in receivers] == [ids] * len(receivers)
        assert {each.most_under_way for each in receivers} == {1}


async def test_what_a_killed_process_had_begun_another_delivers_with_the_same_id(post: Post) -> None:
    async with receiver(hangs) as found, post.process() as killed, post.process() as other:
        await post.webhook(found.url)
        (event_id,) = await post.events()
        await killed.begin()
        await until(lambda: found.under_way == 1)
        await run(other)
        assert found.ids == [event_id]  # its lease holds
        found.respond = status(200)
        async with post.database.connection() as connection:
            await connection.execute("UPDATE webhook SET leased_until = clock_timestamp() - interval '1 second'")
        await run(other)
        assert found.ids == [event_id, event_id]


async def test_a_process_that_stops_leaves_its_webhooks_to_others_at_once(post: Post) -> None:
    async with receiver(hangs) as found, post.process() as other:
        await post.webhook(found.url)
        await post.events()
        async with post.process() as stopped:
            await stopped.begin()
            await until(lambda: found.under_way == 1)
        found.respond = status(200)
        await run(other)
        assert len(found.ids) == 2


async def test_events_are_due_with_their_transaction_or_not_at_all(post: Post) -> None:
    async with receiver() as found, post.process() as process:
        id_ = await post.webhook(found.url)
        with contextlib.suppress(RuntimeError):
            async with post.store.writing(by=None) as writer:
                await record(writer, "credential.revoked", at=post.clock.now(), company_id=None, data={})
                raise RuntimeError
        await run(process)
        assert await post.deliveries(id_) == []


async def test_another_key_delivers_nothing_and_says_why(post: Post) -> None:
    async with receiver() as found:
        id_ = await post.webhook(found.url)
        await post.events()
        secrets = WebhookSecrets(SealedBox(b"x" * 32))

        async def unused(*_: object) -> Any:
            raise AssertionError

        process = Dispatcher(PostgresDeliveryQueue(post.database), unused, secrets, post.clock)
        await run(process)
        (attempt,) = (await post.delivery(id_)).attempts
        assert attempt["error"] == "secret_unreadable"


async def test_deliveries_are_pruned_with_their_events(post: Post) -> None:
    id_ = await post.webhook("https://hooks.example")
    await post.events(2)
    await PostgresEvents(post.database).prune(post.clock.now())
    assert len(await post.deliveries(id_)) == 2
    await PostgresEvents(post.database).prune(post.clock.now() + 1)
    assert await post.deliveries(id_) == []


async def test_the_log_of_a_delivery_is_bounded(post: Post) -> None:
    async with receiver(status(500)) as found, post.process() as process:
        id_ = await post.webhook(found.url)
        await post.events()
        async with post.database.connection() as connection:
            await connection.execute(
                "UPDATE webhook_delivery SET attempts ="
                " (SELECT jsonb_agg(jsonb_build_object('ms', n)) FROM generate_series(1, 50) n)"
            )
        await run(process)
        attempts = (await post.delivery(id_)).attempts
        assert (len(attempts), attempts[0]["ms"], attempts[-1]["status"]) == (50, 2, 500)
