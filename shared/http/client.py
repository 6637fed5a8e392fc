"""Calls from one service to another: JSON over HTTP, with the caller's name and the request's id, within a time."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, runtime_checkable

import aiohttp
import orjson
from yarl import URL

from shared.clock_offset import TIME_FIELD, PeerClock
from shared.errors import CallRejected, Unavailable
from shared.logging import request_id

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Bytes: a snapshot is the largest response there is."""

CALL_TIMEOUT_S = 0.9
RETRYABLE_CLIENT_ERRORS = frozenset({401, 403, 404, 405, 408, 425, 429})
"""Statuses that concern who calls, what is called or when, so that the same call may be accepted later."""

Authorization = Callable[[], str]
"""Makes the value of the Authorization field for a call to the service that the client is for."""


@runtime_checkable
class RenewableAuthorization(Protocol):
    """One that can be renewed when the callee did not accept it: its clock, or ours, may have been set."""

    def renewed(self, refused: str) -> str: ...


class ServiceClient:
    """A client for one service. `timeout` bounds a call, in seconds; `authorization` names the caller.

    A call that gets a 401 is repeated once with a renewed authorization: it was not processed. Each response that
    says what time it is at the callee is an observation of its clock.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authorization: Authorization | None = None,
        timeout: float = CALL_TIMEOUT_S,
        connections: int = 32,
        peer_clock: PeerClock | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._authorization = authorization
        self._timeout = timeout
        self._connections = connections
        self._peer_clock = peer_clock
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=self._timeout, connect=self._timeout),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str) -> Any:
        """The JSON that `path` holds, None on 404.

        Raises `Unavailable` on anything else: `CallRejected` when the call itself is what is wrong.
        """
        status, value = await self.request("GET", path)
        return _expected(status, value, absent=True)

    async def post(self, path: str, body: Any) -> Any:
        """The JSON response to `body`, None when there is none. Bytes are JSON already.

        Raises `Unavailable` on anything but a 2xx: `CallRejected` when the call itself is what is wrong.
        """
        status, value = await self.request("POST", path, body if isinstance(body, bytes) else orjson.dumps(body))
        return _expected(status, value)

    async def fetch(self, path: str, *, timeout_s: float) -> bytes:
        """The body at `path` as it came, for what is too large to be parsed on the loop; in `timeout_s` seconds.

        Raises `Unavailable` on anything but 200.
        """
        async with self._response("GET", path, {}, timeout_s) as response:
            if response.status != 200:
                raise Unavailable(detail=f"unexpected status {response.status}")
            return await _body(response)

    async def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of any response under 500. Raises `Unavailable` without one in time, and on a 5xx."""
        status, value, _ = await self.exchange(method, path, body, headers)
        return status, value

    async def exchange(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """As `request`, with the header fields."""
        sent = dict(headers or {})
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self._response(method, path, sent, self._timeout, data=body) as response:
            raw = await _body(response)
        if response.status >= 500:
            raise Unavailable(detail=f"{method} {self._base}: {response.status}")
        try:
            return response.status, orjson.loads(raw) if raw else None, response.headers
        except orjson.JSONDecodeError:
            raise Unavailable(detail=f"{method} {self._base}: not JSON") from None

    @asynccontextmanager
    async def _response(
        self, method: str, path: str, headers: Mapping[str, str], seconds: float, data: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise Unavailable("the client is not open yet")
        sent = dict(headers) if self._peer_clock is None else {TIME_FIELD: "?", **headers}
        if rid := request_id.get():
            sent["X-Request-Id"] = rid
        renewable = self._authorization if isinstance(self._authorization, RenewableAuthorization) else None
        if self._authorization is not None:
            sent["Authorization"] = self._authorization()
        deadline = time.monotonic() + seconds
        try:
            async with self._sent(method, path, sent, seconds, data) as response:
                if response.status != 401 or renewable is None:
                    yield response
                    return
            sent["Authorization"] = renewable.renewed(sent["Authorization"])
            async with self._sent(method, path, sent, max(deadline - time.monotonic(), 0.001), data) as response:
                yield response
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(detail=f"{method} {self._base}: {type(error).__name__}") from error

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, headers: Mapping[str, str], seconds: float, data: bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise Unavailable("the client is not open yet")
        url, timeout = URL(self._base + path, encoded=True), aiohttp.ClientTimeout(seconds, connect=seconds)
        exchange = None if self._peer_clock is None else self._peer_clock.begin()
        async with self._session.request(
            method, url, headers=headers, data=data, timeout=timeout, allow_redirects=False
        ) as response:
            if exchange is not None:
                exchange.end(response.headers.get(TIME_FIELD))
            yield response


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_RESPONSE_BYTES:
            raise Unavailable(detail=f"a response of more than {MAX_RESPONSE_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _expected(status: int, value: Any, *, absent: bool = False) -> Any:
    if absent and status == 404:
        return None
    if 200 <= status < 300:
        return value
    if 400 <= status < 500 and status not in RETRYABLE_CLIENT_ERRORS:
        raise CallRejected(detail=f"rejected with status {status}")
    raise Unavailable(detail=f"unexpected status {status}")
