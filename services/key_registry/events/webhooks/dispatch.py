"""Sends what is due: each target has a queue of its own, and those that fail hold up none that does not.

One process delivers to a webhook at a time, by a lease; so a target has one request at a time, and its events come
in order while it accepts them. Deliveries are rows that the transaction of their event wrote: whoever is killed
leaves them, and another process sends them when the lease has ended, with the same `webhook-id`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter

from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.events.webhooks.client import PostResult
from services.key_registry.events.webhooks.ports import ClaimedWebhook, DeliveryQueue, DueDelivery, Outcome
from services.key_registry.events.webhooks.schedule import RETRIED_FOR, next_attempt, pause
from services.key_registry.events.webhooks.secret_box import UnreadableSecret, WebhookSecrets
from services.key_registry.events.webhooks.signatures import signed_headers
from services.key_registry.events.webhooks.targets import InvalidTarget, Target, parse_target
from services.key_registry.ports.webhooks import Attempt
from shared.background_task import PeriodicTask, TaskOwner
from shared.clock import Clock
from shared.errors import Unavailable

log = structlog.get_logger()

INTERVAL_S = 1.0
PROVEN_AT_ONCE = 16
"""Webhooks that are delivered to at a time by a process, of those that accepted the last delivery."""
OTHERS_AT_ONCE = 8
"""The same of those whose last attempt failed, and of new ones: a target that hangs has had one place of the former
at most."""
IN_A_ROW = 20
"""Deliveries to one webhook before others have their turn."""

Post = Callable[[Target, Mapping[str, str], bytes], Awaitable[PostResult]]


@dataclass(frozen=True, slots=True)
class _Lane:
    proven: bool
    size: int
    running: dict[UUID, "asyncio.Task[None]"] = field(default_factory=dict)


class Dispatcher(TaskOwner):
    def __init__(
        self,
        queue: DeliveryQueue,
        post: Post,
        secrets: WebhookSecrets,
        clock: Clock,
        wake: asyncio.Event | None = None,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        """`wake` is set when there may be something new that is due."""
        self._queue = queue
        self._post = post
        self._secrets = secrets
        self._clock = clock
        self._lanes = (_Lane(True, PROVEN_AT_ONCE), _Lane(False, OTHERS_AT_ONCE))
        self._wake = wake or asyncio.Event()
        self.tasks = (PeriodicTask("webhook_deliveries", self.begin, interval=INTERVAL_S, wake=self._wake),)
        self._attempts = Counter(
            "webhook_attempts_total", "Attempts to deliver an event to a webhook.", ["outcome"], registry=metrics
        )
        self._dead = Counter(
            "webhook_dead_deliveries_total",
            "Deliveries that were given up after three days of attempts, or of waiting for a target that failed.",
            registry=metrics,
        )

    async def stop(self) -> None:
        """What is under way is cut, and tried again by another process or after the next start."""
        await super().stop()
        running = [task for lane in self._lanes for task in lane.running.values()]
        for delivery in running:
            delivery.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        try:
            await self._queue.release()
        except Unavailable:
            log.info("webhook.leases_not_released")  # they end by themselves

    async def begin(self) -> None:
        """Begin with what is due, as far as there is room. Raises `Unavailable`."""
        for lane in self._lanes:
            room = lane.size - len(lane.running)
            if room > 0:
                for webhook in await self._queue.claim(self._now(), room, proven=lane.proven):
                    self._begin(lane, webhook)

    async def settled(self) -> None:
        """Once nothing is under way."""
        while running := [task for lane in self._lanes for task in lane.running.values()]:
            await asyncio.wait(running)

    def _begin(self, lane: _Lane, webhook: ClaimedWebhook) -> None:
        task = asyncio.create_task(self._deliver_all(webhook), name="webhook_delivery")
        lane.running[webhook.id] = task
        task.add_done_callback(lambda task: self._ended(lane, webhook.id, task))

    def _ended(self, lane: _Lane, webhook_id: UUID, task: "asyncio.Task[None]") -> None:
        if lane.running.get(webhook_id) is task:  # else its lease ran out, and another task has followed
            del lane.running[webhook_id]
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("webhook.delivery_interrupted", webhook=str(webhook_id), exc_info=error)
        else:
            self._wake.set()

    async def _deliver_all(self, webhook: ClaimedWebhook) -> None:
        """What is due for it, until an attempt fails."""
        try:
            for _ in range(IN_A_ROW):
                due = await self._queue.next_due(webhook.id, self._now())
                if due is None:
                    break
                outcome = await self._attempted(due)
                finished = await self._queue.finish(due, outcome)
                self._report(webhook, due, outcome)
                if finished.given_up:
                    self._dead.inc(finished.given_up)
                    log.warning("webhook.backlog_given_up", webhook=str(webhook.id), deliveries=finished.given_up)
                if not finished.mine or outcome.state != "delivered":
                    break
            await self._queue.release(webhook.id)
        except Unavailable as error:
            log.info("webhook.store_unavailable", webhook=str(webhook.id), reason=error.description)

    async def _attempted(self, due: DueDelivery) -> Outcome:
        at, started = self._now(), self._clock.monotonic()
        response = await self._response(due, at.timestamp())
        ms = round((self._clock.monotonic() - started) * 1000)
        attempt = Attempt(at, response.status, response.error, ms)
        if response.error is None:
            return Outcome(attempt, "delivered", None, due.give_up_at, None)
        give_up_at = due.give_up_at or at + RETRIED_FOR
        again = next_attempt(due.tries + 1, at, give_up_at, random.random())  # noqa: S311
        paused = pause(due.webhook.failures + 1)
        return Outcome(attempt, "dead" if again is None else "pending", again, give_up_at, paused)

    async def _response(self, due: DueDelivery, at: float) -> PostResult:
        webhook, body = due.webhook, payload(due)
        try:
            signing = self._secrets.signing(webhook, at)
            return await self._post(
                parse_target(webhook.url), signed_headers(str(due.event.id), at, body, signing), body
            )
        except UnreadableSecret:
            return PostResult(None, "secret_unreadable")
        except InvalidTarget:
            return PostResult(None, "address_not_allowed")

    def _report(self, webhook: ClaimedWebhook, due: DueDelivery, outcome: Outcome) -> None:
        self._attempts.labels("delivered" if outcome.state == "delivered" else "failed").inc()
        if outcome.state == "delivered":
            return
        attempt, of = outcome.attempt, {"webhook": str(webhook.id), "delivery": due.id}
        log.info("webhook.attempt_failed", **of, status=attempt.status, error=attempt.error)
        if outcome.state == "dead":
            self._dead.inc()
            log.warning("webhook.delivery_given_up", **of)

    def _now(self) -> datetime:
        return instant(self._clock.now())


def payload(due: DueDelivery) -> bytes:
    """The body of each attempt, the same every time."""
    event = due.event
    return orjson.dumps(
        {
            "id": str(event.id),
            "type": event.type,
            "timestamp": format_instant(event.at),
            "company_id": event.company_id,
            "client_prefix": due.client_prefix,
            "data": dict(event.data),
        }
    )
