"""Whatever becomes of the store or of a delivery, nothing ends the dispatcher and nothing is lost."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import instant
from services.key_registry.events.webhooks.client import PostResult
from services.key_registry.events.webhooks.dispatch import Dispatcher
from services.key_registry.events.webhooks.ports import ClaimedWebhook, DueDelivery, Finished, Outcome
from services.key_registry.events.webhooks.secret_box import WebhookSecrets
from services.key_registry.events.webhooks.targets import Target
from services.key_registry.ports.events import Event
from shared.errors import Unavailable
from shared.sealed_box import SealedBox
from tests.support.clock import FakeClock
from tests.support.waiting import until

SECRETS = WebhookSecrets(SealedBox(b"k" * 32))
METHODS = ("claim", "next_due", "finish", "release")


class Queue:
    """One webhook with one delivery. `unavailable` is what fails next."""

    def __init__(self, clock: FakeClock, url: str = "https://hooks.example") -> None:
        id_ = uuid7()
        self.webhook = ClaimedWebhook(id_, url, 0, SECRETS.seal(id_, b"s" * 32), None, None)
        self.event = Event(uuid7(), "credential.revoked", instant(clock.now()), None, "", {})
        self.outcomes: list[Outcome] = []
        self.claimed = False
        self.unavailable = ""

    def _require(self, name: str) -> None:
        if self.unavailable == name:
            raise Unavailable

    async def claim(self, now: datetime, limit: int, *, proven: bool) -> Sequence[ClaimedWebhook]:
        self._require("claim")
        if not proven or self.claimed:
            return []
        self.claimed = True
        return [self.webhook]

    async def next_due(self, webhook_id: UUID, now: datetime) -> DueDelivery | None:
        self._require("next_due")
        done = self.outcomes and self.outcomes[-1].state == "delivered"
        return None if done else DueDelivery(1, self.webhook, self.event, None, len(self.outcomes), None)

    async def finish(self, due: DueDelivery, outcome: Outcome) -> Finished:
        self._require("finish")
        self.outcomes.append(outcome)
        return Finished(mine=True, given_up=0)

    async def release(self, webhook_id: UUID | None = None) -> None:
        self._require("release")
        self.claimed = False


class Posts:
    def __init__(self) -> None:
        self.ids: list[str] = []

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> PostResult:
        self.ids.append(headers["webhook-id"])
        return PostResult(200, None)


@pytest.mark.parametrize("method", METHODS)
async def test_a_store_that_is_unavailable_loses_nothing(clock: FakeClock, method: str) -> None:
    queue, posts = Queue(clock), Posts()
    dispatcher = Dispatcher(queue, posts.post, SECRETS, clock)
    queue.unavailable = method
    if method == "claim":
        with pytest.raises(Unavailable):  # its periodic task goes on
            await dispatcher.begin()
    else:
        await dispatcher.begin()
        await dispatcher.settled()
    queue.unavailable, queue.claimed = "", False  # its lease has ended
    await dispatcher.begin()
    await dispatcher.settled()
    assert [outcome.state for outcome in queue.outcomes] == ["delivered"]
    assert set(posts.ids) == {str(queue.event.id)}
    assert len(posts.ids) == (2 if method == "finish" else 1)


async def test_stopping_while_the_store_is_unavailable_ends_all_the_same(clock: FakeClock) -> None:
    queue = Queue(clock)
    queue.unavailable = "release"
    dispatcher = Dispatcher(queue, Posts().post, SECRETS, clock)
    await dispatcher.start()
    await dispatcher.stop()
    assert not dispatcher.tasks[0].running


async def test_a_url_that_an_earlier_release_took_and_this_one_does_not_is_an_attempt_that_failed(
    clock: FakeClock,
) -> None:
    queue, posts = Queue(clock, url="https://user@hooks.example"), Posts()
    dispatcher = Dispatcher(queue, posts.post, SECRETS, clock)
    await dispatcher.begin()
    await dispatcher.settled()
    (outcome,) = queue.outcomes
    assert (outcome.attempt.error, posts.ids) == ("address_not_allowed", [])


async def test_an_error_of_our_own_ends_one_delivery_and_not_the_dispatcher(clock: FakeClock) -> None:
    queue, posts = Queue(clock), Posts()

    async def broken(*_: object) -> PostResult:
        raise RuntimeError

    dispatcher = Dispatcher(queue, broken, SECRETS, clock)
    await dispatcher.begin()
    await dispatcher.settled()
    dispatcher._post = posts.post
    queue.claimed = False
    await dispatcher.begin()
    await dispatcher.settled()
    assert [outcome.state for outcome in queue.outcomes] == ["delivered"]


async def test_a_task_whose_lease_ran_out_leaves_the_one_that_followed_to_be_cut_at_the_end(
    clock: FakeClock,
) -> None:
    queue, slow, entered = Queue(clock), [asyncio.Event(), asyncio.Event()], asyncio.Event()
    cut: list[str] = []

    async def post(*_: object) -> PostResult:
        turn = slow.pop(0)
        entered.set()
        try:
            await turn.wait()
        except asyncio.CancelledError:
            cut.append("second")
            raise
        return PostResult(503, "status")

    first = slow[0]
    dispatcher = Dispatcher(queue, post, SECRETS, clock)
    for _ in range(2):
        queue.claimed = False  # the lease ran out
        await dispatcher.begin()
        await entered.wait()
        entered.clear()
    first.set()
    await until(lambda: len(queue.outcomes) == 1)
    for _ in range(3):
        await asyncio.sleep(0)
    await dispatcher.stop()
    assert cut == ["second"]
