"""The connections to each upstream, within its bounds."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.waiting import Caller, Waiting
from gateway.refusal import CONNECTIONS_IN_USE
from gateway.routing.table import Upstream
from gateway.routing.upstream_address import is_metadata
from gateway.upstreams.balance import choice_by

CONNECTION_WAIT_S = 0.4
"""Seconds for which a request waits while all connections of its upstream are in use."""
MAX_ADDRESSES_TRIED = 3
"""Of one upstream, for one call."""
POOL_LIFE_S = 60.0
"""Seconds after which the pool of an upstream that is not used any more is forgotten."""


class Pools:
    """A pool for each upstream. Of one that has left the route file all ends that is idle for its `keep_idle`."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    def __len__(self) -> int:
        return len(self._pools)

    def of(self, upstream: Upstream) -> "Pool":
        pool = self._pools.get(upstream.identity)
        if pool is None:
            pool = self._pools[upstream.identity] = Pool(upstream, asyncio.get_running_loop())
        return pool

    def sweep(self, now: float) -> None:
        """End what is late. To be called a few times a second."""
        for pool in list(self._pools.values()):
            pool.sweep(now)
            if pool.unused_since <= now - POOL_LIFE_S:
                del self._pools[pool.upstream.identity]

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()


class Pool:
    """The connections to all addresses of one upstream: its bound is theirs together, and so is the queue."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self.upstream = upstream
        self._loop = loop
        self._connections: set[UpstreamConnection] = set()
        """All, idle or not."""
        self._endpoints = [Endpoint(address, keep_idle=upstream.keep_idle) for address in upstream.addresses]
        self._only = self._endpoints[0] if len(self._endpoints) == 1 else None
        """Where all calls go, as long as there is no choice."""
        self._choose: Callable[[Sequence[Endpoint]], Endpoint] = choice_by(upstream.balance)
        self._waiting = Waiting()
        self._connecting: set[asyncio.Task[None]] = set()
        self._tls = ssl.create_default_context() if upstream.scheme == "https" else None
        self._used_at = loop.time()

    @property
    def unused_since(self) -> float:
        """When it was last used; `inf` while it has a connection or somebody waits for one."""
        return inf if self._connections or self._connecting or self._waiting else self._used_at

    def acquire(self, caller: Caller, *, fresh: bool = False) -> None:
        """Call `caller.connected`, now or as soon as there is a connection; or `caller.upstream_failed`.

        With `fresh` it is one that has served nobody yet, if there may be one more.
        """
        self._used_at = self._loop.time()
        endpoint = self._only or self._choose(self._endpoints)
        if not fresh and not self._waiting:
            idle = endpoint.idle
            while idle:
                connection = idle.pop()
                if connection.usable:
                    connection.deadline = inf
                    caller.connected(connection)
                    return
        self._make_room()
        if self._may_connect:
            self._begin_to_connect(endpoint)
            self._wait(caller, self.upstream.connect_timeout + CONNECTION_WAIT_S)
        else:
            self._wait(caller, CONNECTION_WAIT_S)

    def _wait(self, caller: Caller, seconds: float) -> None:
        refused = self._waiting.add(caller, self._used_at + seconds, coming=len(self._connecting))
        if refused is caller:
            caller.upstream_failed(UpstreamFailed(503, CONNECTIONS_IN_USE))
        elif refused is not None:  # of another connection: that one's next request is not begun within this one
            self._loop.call_soon(refused.upstream_failed, UpstreamFailed(503, CONNECTIONS_IN_USE))

    def give_up(self, caller: Caller) -> None:
        """`caller` needs none any more."""
        self._waiting.remove(caller)

    def sweep(self, now: float) -> None:
        for connection in [connection for connection in self._connections if connection.deadline <= now]:
            connection.expired()
        for caller in self._waiting.expire(now):
            caller.upstream_failed(UpstreamFailed(503, CONNECTIONS_IN_USE))

    async def close(self) -> None:
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for connection in list(self._connections):
            connection.abort()

    @property
    def _may_connect(self) -> bool:
        return len(self._connections) + len(self._connecting) < self.upstream.connections

    def _make_room(self) -> None:
        """End an idle connection, of whichever address, where one more would be one too many."""
        if not self._may_connect:
            for endpoint in self._endpoints:
                if endpoint.idle:
                    endpoint.idle.pop(0).abort()
                    return

    def _released(self, connection: UpstreamConnection) -> None:
        self._used_at = self._loop.time()
        caller = self._waiting.next()
        if caller is not None:
            connection.deadline = inf
            caller.connected(connection)
            return
        endpoint = connection.endpoint
        connection.deadline = self._used_at + endpoint.keep_idle
        endpoint.idle.append(connection)

    def _lost(self, connection: UpstreamConnection) -> None:
        endpoint = connection.endpoint
        if connection in self._connections:  # or it was lost as soon as it was open
            self._connections.discard(connection)
            endpoint.opened -= 1
        if connection in endpoint.idle:
            endpoint.idle.remove(connection)
        if self._may_connect and len(self._waiting) > len(self._connecting):
            self._extend_next()
            self._begin_to_connect(self._only or self._choose(self._endpoints))

    def _extend_next(self) -> None:
        """One of those whose time is nearly over has, from now on, the time that connecting may take."""
        now = self._loop.time()
        for caller, deadline in self._waiting:
            if deadline <= now + CONNECTION_WAIT_S:
                self._waiting.extend(caller, now + self.upstream.connect_timeout + CONNECTION_WAIT_S)
                break

    def _begin_to_connect(self, endpoint: Endpoint) -> None:
        task = self._loop.create_task(self._connect(endpoint))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, endpoint: Endpoint) -> None:
        """Connect to one of the addresses, beginning with `endpoint`: nothing has been sent, so any will do."""
        tried = [endpoint]
        while True:
            result = await self._attempt(endpoint)
            if isinstance(result, UpstreamConnection):
                self._connecting = {task for task in self._connecting if task is not asyncio.current_task()}
                self._connections.add(result)
                endpoint.opened += 1
                self._released(result)
                return
            others = [other for other in self._endpoints if other not in tried]
            if not others or len(tried) == MAX_ADDRESSES_TRIED:
                break
            endpoint = self._choose(others)
            tried.append(endpoint)
            self._extend_next()
        self._fail_next(result)

    async def _attempt(self, endpoint: Endpoint) -> UpstreamConnection | UpstreamFailed:
        endpoint.connecting += 1
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                connection = await self._open(endpoint)
            return connection if connection.usable else UpstreamFailed(503, "unreachable", "closed")
        except TimeoutError:
            return UpstreamFailed(503, "connect_timeout")
        except (OSError, ValueError) as error:
            return UpstreamFailed(503, "unreachable", type(error).__name__)
        finally:
            endpoint.connecting -= 1

    def _fail_next(self, error: UpstreamFailed) -> None:
        caller = self._waiting.next()
        if caller is not None:
            caller.upstream_failed(error)

    async def _open(self, endpoint: Endpoint) -> UpstreamConnection:
        """A connection to the first of what the address's name stands for that takes one. Raises `OSError`."""
        make: Callable[[], UpstreamConnection] = partial(
            UpstreamConnection, self._loop, endpoint, released=self._released, lost=self._lost
        )
        name, port = endpoint.address.host, endpoint.address.port
        failure = OSError("the upstream's name has no address")
        for _, _, _, _, address in await self._loop.getaddrinfo(name, port, type=1):
            host = str(address[0])
            if is_metadata(host.partition("%")[0]):  # a name may turn out to be a metadata service
                failure = OSError("the upstream's name leads to a link-local or metadata address")
                continue
            server_hostname = name if self._tls is not None else None
            try:
                _, connection = await self._loop.create_connection(
                    make, host, port, ssl=self._tls, server_hostname=server_hostname
                )
            except OSError as error:
                failure = error
                continue
            return connection
        raise failure
