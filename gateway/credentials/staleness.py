"""For how long a route says yes to a JWT while what has been stopped since cannot be followed."""

from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.routing.table import Route
from shared.clock import Clock
from shared.errors import Unavailable

log = structlog.get_logger()

TOLD_EVERY = 10.0
"""Seconds between two lines in the log that tell of a route that goes on."""


class Follower(Protocol):
    @property
    def bound(self) -> float: ...

    @property
    def age(self) -> float: ...

    def known_within(self, seconds: float) -> bool: ...


class Staleness:
    """`count` is called with the route's name for each call that is let through past the gateway's own bound."""

    def __init__(self, follower: Follower, clock: Clock, count: Callable[[str], None]) -> None:
        self._follower = follower
        self._clock = clock
        self._count = count
        self._told_at: dict[str, float] = {}

    def require(self, route: Route) -> None:
        """Raises `Unavailable` when what has been stopped is not known well enough for this route."""
        follower = self._follower
        limit = follower.bound if route.max_staleness is None else route.max_staleness
        if not follower.known_within(limit):
            raise Unavailable("revocations cannot be followed", detail=f"last heard {follower.age:.1f} s ago")
        if limit > follower.bound and not follower.known_within(follower.bound):
            self._count(route.name)
            self._tell(route)

    def _tell(self, route: Route) -> None:
        now = self._clock.monotonic()
        if now - self._told_at.get(route.name, float("-inf")) >= TOLD_EVERY:
            self._told_at[route.name] = now
            log.warning(
                "a route goes on although revocations cannot be followed",
                route=route.name,
                last_heard=round(self._follower.age, 1),
                max_staleness=route.max_staleness,
            )
