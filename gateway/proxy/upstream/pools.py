"""The connections to each upstream, and what is done for upstreams whether there are calls or not."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry

from gateway.proxy.upstream.background.due_jobs import DueJobs
from gateway.proxy.upstream.background.health_checks import HealthChecks
from gateway.proxy.upstream.background.names import NameLookUp
from gateway.proxy.upstream.background.tls_watch import TlsWatch
from gateway.proxy.upstream.pool import Pool
from gateway.proxy.upstream.states import state_of
from gateway.routing.table import Upstream
from gateway.upstreams.state import UpstreamMetrics, UpstreamState, summary_of_faults
from shared.background_task import TaskOwner
from shared.errors import Unavailable
from shared.waiting.sweep import sweep_each

POOL_LIFE_S = 60.0
"""Seconds after which the pool of an upstream that is not used any more is forgotten."""
MAX_LOOK_UPS = 8
"""Names that are looked up at once."""
MAX_CHECKS = 32
"""Health checks that are under way at once."""
MAX_FILE_CHECKS = 4
"""Upstreams whose TLS files are looked at at once."""


class Pools(TaskOwner):
    """A pool for each upstream. Of one that has left the route file all ends that is idle for its `keep_idle`."""

    def __init__(self, metrics: UpstreamMetrics | None = None) -> None:
        self._metrics = metrics or UpstreamMetrics(CollectorRegistry())
        self._metrics.states = self.states
        self._pools: dict[str, Pool] = {}
        self._current: dict[str, Pool] = {}
        """Those of the route file as it is, by the upstream's name."""
        self._look_ups = DueJobs("upstream_names", self._names, limit=MAX_LOOK_UPS)
        self._checks = HealthChecks(self.__iter__, self._metrics)
        self._checking = DueJobs("upstream_health_checks", lambda: self._checks, limit=MAX_CHECKS)
        self._tls = DueJobs("upstream_tls", self._tls_of_all, limit=MAX_FILE_CHECKS)
        self.tasks = (self._look_ups.task, self._checking.task, self._tls.task)

    def __len__(self) -> int:
        return len(self._pools)

    def __iter__(self) -> Iterator[Pool]:
        """Those of the route file as it is."""
        return iter(self._current.values())

    def of(self, upstream: Upstream) -> Pool:
        pool = self._pools.get(upstream.identity)
        if pool is None:
            before = self._current.get(upstream.name)
            pool = self._pools[upstream.identity] = Pool(
                upstream, asyncio.get_running_loop(), metrics=self._metrics, before=before
            )
        return pool

    def follow(self, upstreams: Iterable[Upstream]) -> None:
        """These are the upstreams from now on. What is known of those that were there before stays known."""
        self._current = {upstream.name: self.of(upstream) for upstream in upstreams}

    def states(self) -> list[UpstreamState]:
        return [state_of(pool, pool.now()) for pool in self]

    async def check(self) -> None:
        """For health: raises `Unavailable` naming the addresses that get no calls."""
        if faults := summary_of_faults(self.states()):
            raise Unavailable(faults)

    def details(self) -> dict[str, Any]:
        """For health: all of them."""
        return {"upstreams": {state.name: state.view() for state in self.states()}}

    async def stop(self) -> None:
        """End what is done in the background. Calls may go on until `close`."""
        await super().stop()

    def sweep(self, now: float) -> None:
        """End what is late. To be called a few times a second."""
        sweep_each("upstreams", list(self._pools.values()), lambda pool: self._sweep(pool, now))

    def _sweep(self, pool: Pool, now: float) -> None:
        pool.sweep(now)
        if pool.unused_since <= now - POOL_LIFE_S and self._current.get(pool.upstream.name) is not pool:
            del self._pools[pool.upstream.identity]

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
        self._current.clear()

    def _tls_of_all(self) -> Iterator[TlsWatch]:
        return (pool.tls for pool in self if pool.tls is not None and pool.upstream.tls.files)

    def _names(self) -> Iterator[NameLookUp]:
        return (look_up for pool in self for look_up in pool.endpoints.look_ups.values())
