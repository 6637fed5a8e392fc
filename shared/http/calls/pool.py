"""Connections to one service: bounded, used again, and given to those who wait in their order."""

import asyncio
from collections import deque

from shared.http.calls.connection import CallConnection
from shared.http.calls.peer import Peer

KEEPALIVE_S = 30.0
"""Seconds for which an unused connection is kept: well below those for which our services keep one."""


class PoolClosed(Exception):
    """There are no more calls."""


class CallPool:
    """At most `limit` connections, those that are being opened included."""

    def __init__(self, peer: Peer, limit: int, max_body_bytes: int) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self.time = loop.time
        """Now, by the clock of deadlines."""
        self._peer, self._limit, self._max_body_bytes = peer, limit, max_body_bytes
        self._taken = 0
        """Places of the limit: connections, and attempts to open one. While one is free, nobody waits."""
        self._connections: set[CallConnection] = set()
        self._idle: deque[CallConnection] = deque()
        """The one used last is used next, at the right."""
        self._waiting: deque[asyncio.Future[CallConnection | None]] = deque()
        """Each gets a connection, or None: a place to open one."""
        self._opening: set[asyncio.Timeout] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._drained = asyncio.Event()

    async def take(self, deadline: float) -> CallConnection:
        """A connection that carries nothing. Raises `TimeoutError` at `deadline` (in the loop's time), another
        `OSError` where none can be opened, and `PoolClosed`."""
        while not self._closed:
            while self._idle:
                connection = self._idle.pop()
                if connection.usable:
                    return connection
            if self._taken < self._limit:
                self._taken += 1
                return await self._open(deadline)
            given = await self._wait(deadline)
            if given is None:
                return await self._open(deadline)
            if given.usable:  # or it has ended since
                return given
        raise PoolClosed

    async def close(self) -> None:
        """End all connections and the calls on them; whoever waits for one gets `PoolClosed`."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(PoolClosed())
        for limit in tuple(self._opening):
            if not limit.expired():
                limit.reschedule(self._loop.time())
        for connection in tuple(self._connections):
            connection.abort()
        await self._peer.close()
        if self._connections:
            await self._drained.wait()

    async def _open(self, deadline: float) -> CallConnection:
        """In a place that is taken already."""
        try:
            if self._closed:  # since the place was given
                raise PoolClosed
            async with asyncio.timeout_at(deadline) as limit:
                self._opening.add(limit)
                try:
                    connection = await self._peer.open(self._max_body_bytes)
                finally:
                    self._opening.discard(limit)
            if self._closed or not connection.usable:
                connection.abort()
                raise ConnectionAbortedError
        except BaseException:
            self._free_place()
            raise
        connection.released, connection.lost = self._released, self._lost
        self._connections.add(connection)
        return connection

    async def _wait(self, deadline: float) -> CallConnection | None:
        waiter: asyncio.Future[CallConnection | None] = self._loop.create_future()
        self._waiting.append(waiter)
        timer = self._loop.call_at(deadline, _expire, waiter)
        try:
            return await waiter
        except BaseException:
            if waiter in self._waiting:  # those whose time is over are the first
                self._waiting.remove(waiter)
            elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            raise
        finally:
            timer.cancel()
            del waiter  # or an error would hold the frame that holds the error

    def _pass_on(self, given: CallConnection | None) -> None:
        """To the next, what a caller has got that left."""
        if given is None:
            self._free_place()
        elif given.usable:
            self._released(given)

    def _next_waiter(self) -> "asyncio.Future[CallConnection | None] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _free_place(self) -> None:
        waiter = self._next_waiter()
        if waiter is None:
            self._taken -= 1
        else:
            waiter.set_result(None)

    def _released(self, connection: CallConnection) -> None:
        waiter = self._next_waiter()
        if waiter is not None:
            waiter.set_result(connection)
            return
        self._idle.append(connection)
        if self._timer is None:
            self._timer = self._loop.call_later(KEEPALIVE_S, self._end_idle)

    def _lost(self, connection: CallConnection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._free_place()
        if self._closed and not self._connections:
            self._drained.set()

    def _end_idle(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._idle and self._idle[0].idle_since + KEEPALIVE_S <= now:
            self._idle.popleft().abort()
        if self._idle:
            self._timer = self._loop.call_at(self._idle[0].idle_since + KEEPALIVE_S, self._end_idle)


def _expire(waiter: "asyncio.Future[CallConnection | None]") -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
