"""`gateway.proxy.ports.Forwarder` over aiohttp's client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from gateway.decision import Forward
from gateway.http1.response import BadResponse, ResponseHead, response_head
from gateway.proxy.ports import ClientBody, ReusedConnectionLost, UpstreamFailed
from gateway.proxy.upload import Upload
from gateway.proxy.upstream_connection import (
    LostBeforeResponse,
    ResponseRefused,
    UpstreamConnector,
    on_connected,
)
from gateway.refusal import CONNECTIONS_IN_USE
from gateway.routing.table import Upstream

CONNECTION_WAIT_S = 0.4
"""Seconds for which a request waits while all connections of its upstream are in use."""
POOL_LIFE_S = 60.0
"""Seconds without a request after which the pool of an upstream may be closed when another one is opened."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_MAX_LINE = 1024 * 1024
"""Never reached: `gateway.http1.response` has smaller limits."""


class HttpForwarder:
    """Keeps connections to each upstream, within its bounds.

    Of an upstream that has left the route file nothing stays open for longer than its `keep_idle`.
    """

    def __init__(self) -> None:
        self._pools: dict[Upstream, _UpstreamPool] = {}

    async def start(self) -> None:
        """Nothing to do: a session opens with its first request."""

    async def stop(self) -> None:
        for pool in self._pools.values():
            await pool.session.close()

    @asynccontextmanager
    async def send(self, forward: Forward, body: ClientBody | None) -> AsyncIterator["HttpUpstreamResponse"]:
        """See `gateway.proxy.ports.Forwarder`."""
        pool = await self._pool(forward.route.upstream)
        async with pool.connection_slot():
            try:
                response = await _request(pool.session, forward, body)
            except UpstreamFailed as error:
                if not _may_be_sent_again(forward, body, error):
                    raise
                response = await _request(pool.session, forward, body)
            try:
                yield HttpUpstreamResponse(response, forward.route.idle_timeout)
            finally:
                response.close()  # a connection whose response was read to its end is in the pool again by now

    async def _pool(self, upstream: Upstream) -> "_UpstreamPool":
        pool = self._pools.get(upstream)
        if pool is None:
            # Upstreams come and go with versions of the route file; nothing says which of them will not come back.
            unused = [key for key, other in self._pools.items() if other.unused_for > POOL_LIFE_S]
            closed = [self._pools.pop(key) for key in unused]
            pool = self._pools[upstream] = _UpstreamPool(upstream)
            for other in closed:
                await other.session.close()
        return pool


class _UpstreamPool:
    def __init__(self, upstream: Upstream) -> None:
        self._slots = asyncio.Semaphore(upstream.connections)
        self._requests = 0
        self._used_at = asyncio.get_running_loop().time()
        self.session = aiohttp.ClientSession(
            # The slots bound the connections; aiohttp would let a request wait for as long as it may connect.
            connector=UpstreamConnector(limit=0, keepalive_timeout=upstream.keep_idle, ttl_dns_cache=10),
            timeout=aiohttp.ClientTimeout(total=None, connect=upstream.connect_timeout),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_ADDED_BY_AIOHTTP,
            trust_env=False,
            read_bufsize=65536,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            max_headers=_MAX_LINE,
        )
        # aiohttp sends an idempotent request again when its connection is lost: here that is decided by
        # `_may_be_sent_again` alone.
        self.session._retry_connection = False

    @property
    def unused_for(self) -> float:
        """Seconds since its last request; 0 during one."""
        return 0.0 if self._requests else asyncio.get_running_loop().time() - self._used_at

    @asynccontextmanager
    async def connection_slot(self) -> AsyncIterator[None]:
        """One of the upstream's connections. Raises `UpstreamFailed` when none becomes free in time."""
        self._requests += 1
        try:
            await self._acquire()
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._requests -= 1
            self._used_at = asyncio.get_running_loop().time()

    async def _acquire(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(CONNECTION_WAIT_S):
                await self._slots.acquire()
        except TimeoutError:
            raise UpstreamFailed(503, CONNECTIONS_IN_USE) from None


def _may_be_sent_again(forward: Forward, body: ClientBody | None, error: UpstreamFailed) -> bool:
    """Once: when the upstream cannot have begun to respond and the method is safe, or when the route says so."""
    if body is not None:
        return False
    if isinstance(error, ReusedConnectionLost) and forward.method in _SAFE:
        return True
    return forward.route.retry and forward.method in _IDEMPOTENT and isinstance(error.__cause__, _LOST)


async def _request(
    session: aiohttp.ClientSession, forward: Forward, body: ClientBody | None
) -> aiohttp.ClientResponse:
    route, loop = forward.route, asyncio.get_running_loop()
    upload: Upload | None = None
    try:
        async with asyncio.timeout(None) as deadline:  # until there is a connection, its own time-out counts
            on_connected.set(lambda: deadline.reschedule(loop.time() + route.response_timeout))
            upload = None if body is None else Upload(body, deadline, route.response_timeout)
            response = await session.request(
                forward.method,
                URL(route.upstream.url + forward.target, encoded=True),
                headers=_headers(forward, body),
                data=None if upload is None else upload.pieces(),
                allow_redirects=False,
            )
            if upload is not None:
                upload.response_began(response.content)
            return response
    except TimeoutError as error:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            raise UpstreamFailed(503, "connect_timeout") from error
        raise UpstreamFailed(504, "response_timeout") from error
    except (aiohttp.ClientError, OSError) as error:
        if upload is not None and upload.failure is not None:
            raise upload.failure from None
        raise _failed(error) from error
    finally:
        if upload is not None:
            upload.deadline_over = True


class HttpUpstreamResponse:
    """`gateway.proxy.ports.UpstreamResponse` over aiohttp's response.

    Its methods also raise what `ClientBody.read` raised meanwhile: then it is not the upstream that failed.
    """

    def __init__(self, response: aiohttp.ClientResponse, idle_timeout: float) -> None:
        self._response = response
        self._idle_timeout = idle_timeout
        fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
        try:
            self.head: ResponseHead = response_head(response.status, fields)
        except BadResponse as error:
            raise UpstreamFailed(502, "invalid_response", str(error)) from error

    def ready(self) -> bytes:
        """What has come of the body by now. Raises `UpstreamFailed` when it is known not to be whole."""
        try:
            return self._response.content.read_nowait()
        except (aiohttp.ClientError, OSError) as error:
            raise _failed(error) from error

    async def body(self) -> AsyncIterator[bytes]:
        content = self._response.content
        while not content.at_eof() or content.exception() is not None:
            try:
                async with asyncio.timeout(self._idle_timeout):
                    piece = await content.readany()
            except TimeoutError as error:
                raise UpstreamFailed(504, "response_stalled") from error
            except (aiohttp.ClientError, OSError) as error:
                raise _failed(error) from error
            if piece:
                yield piece


def _headers(forward: Forward, body: ClientBody | None) -> list[tuple[str, str]]:
    """As aiohttp wants them: it encodes them as UTF-8."""
    fields = [
        (name, value if value.isascii() else value.encode("latin-1").decode("utf-8"))
        for name, value in forward.fields
    ]
    if body is not None and body.length is not None:  # of any other body aiohttp itself makes chunks
        fields.append(("Content-Length", str(body.length)))
    return fields


def _failed(error: Exception) -> UpstreamFailed:
    if isinstance(error, ResponseRefused):
        return UpstreamFailed(502, "invalid_response", str(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamFailed(503, "unreachable", type(error.os_error).__name__)
    if isinstance(error, LostBeforeResponse):
        return ReusedConnectionLost(502, "connection_lost", "before the response, on a reused connection")
    return UpstreamFailed(502, "connection_lost", type(error).__name__)
