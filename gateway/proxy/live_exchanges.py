"""Exchanges that last, and end when what they depend on is stopped, or when nobody can say whether it is.

Most are over before anybody looks: only those that are under way for a moment are watched, so a short one costs
nothing here. What was stopped before that is seen as the watch begins, and everything after it by its change.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from math import inf
from typing import Protocol

import structlog

from gateway.credentials.staleness import Staleness
from gateway.forwarding.forward import Forward
from gateway.proxy.report import Call
from gateway.refused_calls import problems
from gateway.refused_calls.problems import Refusal
from shared.changes.stopped_set import StoppedSet
from shared.contracts.key_registry import Change, Snapshot
from shared.waiting.sweep import sweep_each

log = structlog.get_logger()

WATCHED_AFTER_S = 0.25
"""Seconds that an exchange lasts before it is watched."""
CHECKS_PER_TURN = 50
"""Exchanges that are checked before others have their turn on the loop."""
WARNING_INTERVAL_S = 10.0
"""Seconds between two log lines on exchanges that end because revocations cannot be followed."""


class LiveExchange(Protocol):
    call: Call
    forward: Forward | None
    """None as long as it is not decided upon."""
    watched: bool

    def end_early(self, refusal: Refusal) -> bool:
        """Whether it has ended. If not, it is to be tried again later."""
        ...


class LiveExchanges:
    """A consumer of the `ChangeFollower`, to come after `stopped`. What it does in one turn of the loop is bounded.

    `ended` is called with the route and the cause of each exchange that is ended.
    """

    def __init__(self, stopped: StoppedSet, ended: Callable[[str, str], None]) -> None:
        self._stopped = stopped
        self._ended = ended
        self._staleness: Staleness | None = None
        self._watched: dict[LiveExchange, Collection[str]] = {}
        """With the ids that each depends on."""
        self._dependents: dict[str, set[LiveExchange]] = {}
        self._due: dict[LiveExchange, None] = {}
        """To be checked, in this order."""
        self._postponed: dict[LiveExchange, None] = {}
        """To be ended, as soon as they can be."""
        self._scheduled = False
        self._shortest_bound = inf
        """Seconds: no staleness bound of those that are watched is shorter."""
        self._ended_stale = 0
        """How many have ended for staleness since the last log line."""
        self._warned_at = -inf

    def __len__(self) -> int:
        return len(self._watched)

    def attach(self, staleness: Staleness) -> None:
        """Of the follower whose consumer this is. Before, nothing is watched."""
        self._staleness = staleness

    def consider(self, exchange: LiveExchange) -> None:
        """Watch an exchange that is not watched yet, if it lasts and depends on anything that may be stopped."""
        forward, staleness = exchange.forward, self._staleness
        if staleness is None or forward is None or forward.identity is None or not forward.route.end_on_revocation:
            return
        if time.perf_counter() - exchange.call.started < WATCHED_AFTER_S or not forward.identity.depends_on:
            return
        exchange.watched = True
        depends_on = self._watched[exchange] = forward.identity.depends_on
        for id_ in depends_on:
            self._dependents.setdefault(id_, set()).add(exchange)
        self._shortest_bound = min(self._shortest_bound, staleness.bound_of(forward.route))
        self._check([exchange])

    def discard(self, exchange: LiveExchange) -> None:
        """One that is watched is over."""
        exchange.watched = False
        for id_ in self._watched.pop(exchange):
            dependents = self._dependents[id_]
            dependents.discard(exchange)
            if not dependents:
                del self._dependents[id_]
        self._due.pop(exchange, None)
        self._postponed.pop(exchange, None)
        if not self._watched:
            self._shortest_bound = inf

    def reset(self, snapshot: Snapshot) -> None:
        self._check(self._watched)

    def apply(self, change: Change) -> None:
        dependents = self._dependents.get(change.id)
        if dependents:
            self._check(dependents)

    def sweep(self) -> None:
        """To be called a few times a second: nobody reports that revocations cannot be followed any more."""
        if self._postponed:
            self._check(self._postponed)
        if self._staleness is None:
            return
        if self._watched and self._staleness.age > self._shortest_bound:
            self._check(self._watched)
        now = time.monotonic()
        if self._ended_stale and now - self._warned_at >= WARNING_INTERVAL_S:
            age = round(self._staleness.age, 1)
            log.warning("exchanges.ended_stale", count=self._ended_stale, last_confirmed_s=age)
            self._ended_stale, self._warned_at = 0, now

    def _check(self, exchanges: Iterable[LiveExchange]) -> None:
        self._due.update(dict.fromkeys(exchanges))
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._check_next)

    def _check_next(self) -> None:
        self._scheduled = False
        sweep_each("live_exchanges", list(islice(self._due, CHECKS_PER_TURN)), self._take_due, self._postpone)
        if self._due:
            self._check([])

    def _take_due(self, exchange: LiveExchange) -> None:
        if exchange in self._due:  # one that ends may end others
            del self._due[exchange]
            self._end_if_void(exchange)

    def _postpone(self, exchange: LiveExchange) -> None:
        if exchange in self._watched:
            self._postponed[exchange] = None

    def _end_if_void(self, exchange: LiveExchange) -> None:
        forward, staleness = exchange.forward, self._staleness
        if staleness is None or forward is None or forward.identity is None:
            return
        route, identity = forward.route, forward.identity
        stopped = self._stopped.first(identity.depends_on)
        if stopped is not None:
            ending = problems.revoked(identity, *stopped, route=route.name)
        elif staleness.is_past_bound(route, identity.kind, time.perf_counter() - exchange.call.started):
            ending = problems.stale(staleness.age, route=route.name)
        else:
            self._postponed.pop(exchange, None)
            return
        if not exchange.end_early(ending):
            self._postponed[exchange] = None
            return
        self._ended(route.name, ending.cause)
        self._ended_stale += stopped is None
