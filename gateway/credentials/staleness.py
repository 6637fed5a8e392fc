"""How long a route accepts JWTs while revocations cannot be followed."""

from collections.abc import Callable
from math import isinf
from typing import Protocol

import structlog

from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route
from shared.clock import Clock
from shared.errors import Unavailable

log = structlog.get_logger()

_LOOKED_UP = frozenset({CredentialKind.API_TOKEN, CredentialKind.SESSION_TOKEN})
WARNING_INTERVAL_S = 10.0
"""Seconds between two warnings that a route goes on."""


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
        self._warned_at: dict[str, float] = {}

    @property
    def age(self) -> float:
        """Seconds since what has been stopped was last known."""
        return self._follower.age

    def bound_of(self, route: Route) -> float:
        """Seconds for which the route accepts not to know it."""
        return self._follower.bound if route.max_staleness is None else route.max_staleness

    def is_past_bound(self, route: Route, kind: str, seconds: float) -> bool:
        """Whether a call that was let through so many seconds ago may not go on; `kind` is of its credential.

        A JWT was checked by what was known then; any other was looked up, by a service that knows it for itself.
        """
        bound = self.bound_of(route)
        return not self._follower.known_within(bound) and (kind not in _LOOKED_UP or seconds > bound)

    def require(self, route: Route) -> None:
        """Raises `Unavailable` when what has been stopped is not known well enough for this route."""
        follower = self._follower
        limit = self.bound_of(route)
        if not follower.known_within(limit):
            age = follower.age
            confirmed = "never confirmed" if isinf(age) else f"last confirmed {age:.1f} s ago"
            raise Unavailable("revocations cannot be followed", detail=f"{confirmed}, and {limit:g} s is the bound")
        if limit > follower.bound and not follower.known_within(follower.bound):
            self._count(route.name)
            self._warn(route)

    def _warn(self, route: Route) -> None:
        now = self._clock.monotonic()
        if now - self._warned_at.get(route.name, float("-inf")) >= WARNING_INTERVAL_S:
            self._warned_at[route.name] = now
            log.warning(
                "route.serving_past_staleness_bound",
                route=route.name,
                last_confirmed_s=round(self._follower.age, 1),
                max_staleness_s=route.max_staleness,
            )
