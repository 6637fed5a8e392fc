"""The connections to one upstream, within its bounds."""

import asyncio
from math import inf

from gateway.proxy.ports import CONNECTION_LOST, CircuitOpen, UpstreamFailed
from gateway.proxy.upstream.attempts import Attempts
from gateway.proxy.upstream.background.tls_watch import TlsWatch
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.opening import UNREACHABLE, open_connection
from gateway.proxy.upstream.selection import Selection
from gateway.proxy.upstream.waiting import Requester, Waiting
from gateway.refused_calls.problems import CONNECTIONS_IN_USE
from gateway.routing.table import Upstream
from gateway.upstreams.state import UpstreamMetrics
from shared.waiting.sweep import sweep_each

CONNECTION_WAIT_S = 0.4
"""Seconds for which a request waits while all connections of its upstream are in use."""
MAX_ADDRESSES_TRIED = 3
"""Of one upstream, for one call."""


class Pool:
    """The connections to all addresses of one upstream: its bound is theirs together, and so is the queue.

    `before` is the pool of an earlier version of the upstream.
    """

    def __init__(
        self,
        upstream: Upstream,
        loop: asyncio.AbstractEventLoop,
        *,
        metrics: UpstreamMetrics,
        before: "Pool | None" = None,
    ) -> None:
        self.upstream = upstream
        self._loop = loop
        self._connections: set[UpstreamConnection] = set()
        """All, idle or not."""
        self._waiting = Waiting()
        self._connecting = Attempts(loop, upstream.name, self._attempt_failed)
        self.tls = TlsWatch(upstream, self._drop_idle) if upstream.scheme == "https" else None
        self._used_at = loop.time()
        known = before.selection if before is not None else None
        self.selection: Selection = Selection(upstream, loop.time, metrics, before=known)
        self.circuit = self.selection.circuit
        self.endpoints = self.selection.endpoints

    @property
    def unused_since(self) -> float:
        """When it was last used; `inf` while it has a connection or somebody waits for one."""
        return inf if self._connections or self._connecting or self._waiting else self._used_at

    def now(self) -> float:
        """In seconds of the loop's clock."""
        return self._loop.time()

    def acquire(self, requester: Requester, *, fresh: bool = False) -> None:
        """Call `requester.connected`, now or as soon as there is a connection; or `requester.upstream_failed`.

        With `fresh` it is one that has served nobody yet, if there may be one more.
        """
        self._used_at = self._loop.time()
        endpoint = self.selection.only
        if endpoint is None:
            if not self.circuit.allows(requester, self._used_at):
                retry_after = self.circuit.retry_after(self._used_at)
                requester.upstream_failed(CircuitOpen(retry_after, self.selection.last_cause))
                return
            fresh = fresh or not self.circuit.closed
            endpoint = self.selection.next(self._used_at, fresh=fresh)
        if endpoint is not None and not fresh and not self._waiting.client_of:
            idle = endpoint.idle
            while idle:
                connection = idle.pop()
                if connection.usable:
                    connection.deadline = inf
                    requester.connected(connection)
                    return
        self._make_room()
        if self._may_connect:
            self._begin_to_connect(endpoint)
            self._wait(requester, self.upstream.connect_timeout + CONNECTION_WAIT_S, fresh=fresh)
        else:
            self._wait(requester, CONNECTION_WAIT_S)

    def give_up(self, requester: Requester) -> None:
        """`requester` needs none any more."""
        self._waiting.remove(requester)
        self.circuit.let_go(requester)

    def sweep(self, now: float) -> None:
        late = [connection for connection in self._connections if connection.deadline <= now]
        sweep_each("upstream_connections", late, UpstreamConnection.expired, _give_up)
        sweep_each("upstream_waiting", self._waiting.expire(now), self._waited_too_long)

    def _waited_too_long(self, requester: Requester) -> None:
        self.circuit.let_go(requester)
        requester.upstream_failed(UpstreamFailed(503, CONNECTIONS_IN_USE))

    async def close(self) -> None:
        self._waiting = Waiting()  # or each connection that ends here would make room for a new one
        await self._connecting.close()
        for connection in list(self._connections):
            connection.abort()

    def _drop_idle(self) -> None:
        for endpoint in self.endpoints.all:
            endpoint.drop_idle()

    # Who gets which connection

    def _wait(self, requester: Requester, seconds: float, *, fresh: bool = False) -> None:
        coming = len(self._connecting)
        refused = self._waiting.add(requester, self._used_at + seconds, coming=coming, fresh=fresh)
        if refused is None:
            return
        self.circuit.let_go(refused)
        if refused is requester:
            requester.upstream_failed(UpstreamFailed(503, CONNECTIONS_IN_USE))
        else:  # of another connection: that one's next request is not begun within this one
            self._loop.call_soon(refused.upstream_failed, UpstreamFailed(503, CONNECTIONS_IN_USE))

    @property
    def _may_connect(self) -> bool:
        return len(self._connections) + len(self._connecting) < self.upstream.connections

    def _make_room(self) -> None:
        """End an idle connection, of whichever address, where one more would be one too many."""
        if not self._may_connect:
            for endpoint in self.endpoints.all:
                if endpoint.idle:
                    endpoint.idle.pop(0).abort()
                    return

    def _released(self, connection: UpstreamConnection, *, responded: bool = True) -> None:
        self._used_at = self._loop.time()
        endpoint = connection.endpoint
        if responded:
            endpoint.responded_at = self._used_at
        if self._waiting.client_of:
            excluded = responded and self.selection.excludes(endpoint)
            if excluded:
                connection.abort()  # which makes room for another
            if excluded or self._hand_over(connection, used=responded):
                return
        connection.deadline = self._used_at + endpoint.keep_idle
        endpoint.idle.append(connection)

    def _hand_over(self, connection: UpstreamConnection, *, used: bool) -> bool:
        """To who waits, if anybody does who may get it."""
        requester = self._waiting.next(used=used and len(self._connecting) > 0)
        if requester is None:
            return False
        self.circuit.pass_on(requester, connection)
        connection.deadline = inf
        requester.connected(connection)
        return True

    def _lost(self, connection: UpstreamConnection) -> None:
        endpoint = connection.endpoint
        if connection in self._connections:  # or it was lost as soon as it was open
            self._connections.discard(connection)
            endpoint.opened -= 1
        if connection in endpoint.idle:
            endpoint.idle.remove(connection)
        if endpoint.suspect:
            self.selection.ended(connection)
        if self._may_connect and len(self._waiting) > len(self._connecting):
            self._extend_next()
            self._begin_to_connect(self.selection.next(self._loop.time(), fresh=True))

    def _extend_next(self) -> None:
        """One of those whose time is nearly over has, from now on, the time that connecting may take."""
        now = self._loop.time()
        for requester, deadline in self._waiting:
            if deadline <= now + CONNECTION_WAIT_S:
                self._waiting.extend(requester, now + self.upstream.connect_timeout + CONNECTION_WAIT_S)
                break

    # Connecting

    def _begin_to_connect(self, endpoint: Endpoint | None) -> None:
        self._connecting.begin(self._connect(endpoint))

    def _attempt_failed(self, error: BaseException) -> None:
        """By a fault of ours."""
        self._fail_next(UpstreamFailed(503, UNREACHABLE, "internal error: see upstream_connection.failed"))

    def _fail_next(self, failure: UpstreamFailed) -> None:
        """There will be one connection less: one of those who wait gets none."""
        requester = self._waiting.next()
        if requester is not None:
            self.circuit.let_go(requester)
            requester.upstream_failed(failure)

    async def _connect(self, endpoint: Endpoint | None) -> None:
        """Connect to one of the addresses, beginning with `endpoint`: nothing has been sent, so any will do."""
        deadline = self._loop.time() + self.upstream.connect_timeout
        if endpoint is None:
            await self.endpoints.look_up(deadline, after_failure=False)
            endpoint = self.selection.next(self._loop.time(), fresh=True)
        tried: list[Endpoint] = []
        failure = UpstreamFailed(503, UNREACHABLE, "no name of it is resolved")
        while endpoint is not None:
            try:
                connection = await self._attempt(endpoint, deadline)
            except UpstreamFailed as error:
                failure, failure.address = error, endpoint.place
            else:
                self._connecting.succeeded()
                self._connections.add(connection)
                endpoint.opened += 1
                self._released(connection, responded=False)
                return
            tried.append(endpoint)
            self.selection.failed(endpoint, failure.cause)
            endpoint = await self._another(tried)
            if endpoint is not None:
                self._extend_next()
                deadline = self._loop.time() + self.upstream.connect_timeout
        self._fail_next(failure)

    async def _attempt(self, endpoint: Endpoint, deadline: float) -> UpstreamConnection:
        """Raises `UpstreamFailed`."""
        endpoint.connecting += 1
        try:
            async with asyncio.timeout_at(deadline):
                return await open_connection(endpoint, self.tls, released=self._released, lost=self._lost)
        except TimeoutError:
            raise UpstreamFailed(503, "connect_timeout") from None
        finally:
            endpoint.connecting -= 1

    async def _another(self, tried: list[Endpoint]) -> Endpoint | None:
        """One that has not been tried; None when there is none, or it has been enough."""
        if len(tried) == MAX_ADDRESSES_TRIED:
            return None
        other = self.selection.other_than(tried)
        if other is None and self.endpoints.look_ups:
            await self.endpoints.look_up(self._loop.time() + CONNECTION_WAIT_S, after_failure=True)
            other = self.selection.other_than(tried)
        return other


def _give_up(connection: UpstreamConnection) -> None:
    connection.fail(UpstreamFailed(502, CONNECTION_LOST, "a fault of the gateway"))
