"""A follower of the registry's changes with its stream, and what metrics and health show of it."""

from collections.abc import Callable
from math import isinf

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, Histogram

from shared.background_task import BackgroundTask
from shared.changes.follower import ChangeFollower
from shared.changes.following_settings import FollowingSettings
from shared.changes.ports import Consumer
from shared.changes.reporter import PositionReporter, Registry
from shared.changes.stream import ChangeStreamReader
from shared.clock import Clock
from shared.clock_offset import ClockOffsets
from shared.contracts.key_registry import Change, Snapshot
from shared.http.health import CLOCK, Health
from shared.http.responses import NO_STORE, json_response
from shared.metrics import DURATION_BUCKETS_S

CHANGES = "changes"
"""What health calls the following of changes."""


class FollowingMetrics:
    """A consumer that observes how long each change was on its way, in seconds."""

    def __init__(self, metrics: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._propagation = Histogram(
            "change_propagation_seconds",
            "From a change's commit to its being applied here.",
            buckets=DURATION_BUCKETS_S,
            registry=metrics,
        )
        self.position = Gauge("change_position", "The last change applied here.", registry=metrics)
        self.age = Gauge(
            "change_feed_age_seconds", "Since the registry last confirmed the position.", registry=metrics
        )

    def reset(self, snapshot: Snapshot) -> None:
        """A snapshot is no change: nothing to observe."""

    def apply(self, change: Change) -> None:
        self._propagation.observe(max(0.0, self._clock.now() - change.at))


class FollowingHealth(Health):
    """The health of a process that follows the changes: it is not ready without them, and shows how far it is.

    Nor is it ready by a clock that is known to be wrong.
    """

    def __init__(self, service: str, follower: ChangeFollower, offsets: ClockOffsets) -> None:
        super().__init__(service)
        self._follower = follower
        self.add(CHANGES, follower.check)
        self.add(CLOCK, offsets.check)

    async def report(self, request: web.BaseRequest) -> web.Response:
        """GET /health: the state of `changes` also has `position`, `age` (seconds) and `streaming`."""
        response = await super().report(request)
        body = orjson.loads(response.text or "{}")
        body["dependencies"][CHANGES] |= {
            "position": self._follower.position,
            "age": None if isinf(self._follower.age) else round(self._follower.age, 3),
            "streaming": self._follower.streaming,
        }
        return json_response(body, status=response.status, headers=NO_STORE)


class Following:
    """A follower with all that goes with it; one resource of the service."""

    def __init__(self, follower: ChangeFollower, reporter: PositionReporter) -> None:
        self.follower = follower
        self._reporter = reporter
        self.tasks: tuple[BackgroundTask, ...] = (*follower.tasks, *reporter.tasks)

    async def start(self) -> None:
        await self.follower.start()
        await self._reporter.start()

    async def stop(self) -> None:
        await self._reporter.stop()
        await self.follower.stop()


def follow(
    service: str,
    registry: Registry,
    consumers: tuple[Consumer, ...],
    settings: FollowingSettings,
    *,
    clock: Clock,
    metrics: CollectorRegistry,
    longest_bound: Callable[[], float] = lambda: 0.0,
    signing_keys: Callable[[], tuple[str, ...] | None] = lambda: None,
    usage_source: str | None = None,
) -> Following:
    """Keep `consumers` true. Changes are handed to them in their order, and before the metrics observe it.

    `longest_bound`: where a part of the process has a longer staleness bound than the settings, that, in seconds.
    `signing_keys`: of a gateway, the kids that it verifies with. `usage_source`: of the process's batches of usage.
    """
    observed = FollowingMetrics(metrics, clock)
    follower = ChangeFollower(
        registry,
        (*consumers, observed),
        clock=clock,
        stream=ChangeStreamReader(settings.redis_dsn, timeout=settings.redis_timeout),
        interval=settings.changes_poll_interval,
        bound=settings.staleness_bound,
    )
    observed.position.set_function(lambda: follower.position)
    observed.age.set_function(lambda: min(follower.age, 1e9))
    reporter = PositionReporter(service, follower, registry, longest_bound, signing_keys, usage_source)
    return Following(follower, reporter)
