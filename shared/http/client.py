"""Calls from one service to another: JSON over HTTP, with the caller's name and the request's id, within a time."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import orjson

from shared.clock_offset import TIME_FIELD, PeerClock
from shared.errors import CallRejected, Unavailable
from shared.http.calls.connection import ConnectionEnded
from shared.http.calls.failures import describe
from shared.http.calls.peer import Peer
from shared.http.calls.pool import CallPool, PoolClosed
from shared.http.calls.request import rendered
from shared.http.calls.response import InvalidResponse, Response, ResponseTooLarge
from shared.logging import request_id

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Bytes: a snapshot is the largest response there is."""

CALL_TIMEOUT_S = 0.9
"""Less than the second in which a request must be served, and a 503 be sent if this call is not."""
RETRYABLE_CLIENT_ERRORS = frozenset({401, 403, 404, 405, 408, 425, 429})
"""Statuses that concern who calls, what is called or when, so that the same call may be accepted later."""

Authorization = Callable[[], str]
"""Makes the value of the Authorization field for a call to the service that the client is for."""


@runtime_checkable
class RenewableAuthorization(Protocol):
    """One that can be renewed when the callee did not accept it: its clock, or ours, may have been set."""

    def renewed(self, refused: str) -> str: ...


class ServiceClient:
    """A client for one service. `timeout` bounds a call, in seconds; None: `CALL_TIMEOUT_S`. `authorization` names
    the caller.

    A call that gets a 401 is repeated once with a renewed authorization: it was not processed. Each response that
    says what time it is at the callee is an observation of its clock.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authorization: Authorization | None = None,
        timeout: float | None = None,
        connections: int = 32,
        peer_clock: PeerClock | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._peer = Peer(base_url)
        self._authorization = authorization
        self._renewable = authorization if isinstance(authorization, RenewableAuthorization) else None
        self._timeout = CALL_TIMEOUT_S if timeout is None else timeout
        self._connections = connections
        self._peer_clock = peer_clock
        self._pool: CallPool | None = None

    async def start(self) -> None:
        self._peer.load_certificates()
        self._pool = CallPool(self._peer, self._connections, MAX_RESPONSE_BYTES)

    async def stop(self) -> None:
        """End every call that is under way, with `Unavailable`."""
        if self._pool is not None:
            await self._pool.close()

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
        response = await self._response("GET", path, {}, timeout_s)
        if response.status != 200:
            raise Unavailable(detail=f"unexpected status {response.status}")
        return response.body

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> tuple[int, Any]:
        """Status and JSON of any response under 500. Raises `Unavailable` without one in time, and on a 5xx.

        `repeatable`: it has no effect, so that it may be sent twice, as a GET.
        """
        status, value, _ = await self.exchange(method, path, body, headers, repeatable=repeatable)
        return status, value

    async def exchange(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """As `request`, with the header fields."""
        sent = dict(headers or {})
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        response = await self._response(method, path, sent, self._timeout, body, repeatable=repeatable)
        if response.status >= 500:
            raise Unavailable(detail=f"{method} {self._base}: {response.status}")
        try:
            return response.status, orjson.loads(response.body) if response.body else None, response.fields
        except orjson.JSONDecodeError:
            raise Unavailable(detail=f"{method} {self._base}: not JSON") from None

    async def _response(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        seconds: float,
        body: bytes | None = None,
        *,
        repeatable: bool = False,
    ) -> Response:
        """Whole, whatever its status. Raises `Unavailable` without one in so many seconds."""
        sent = dict(headers) if self._peer_clock is None else {TIME_FIELD: "?", **headers}
        if rid := request_id.get():
            sent["X-Request-Id"] = rid
        if self._authorization is not None:
            sent["Authorization"] = self._authorization()
        pool = self._pool
        if pool is None:
            raise Unavailable("the client is not open yet")
        deadline, repeatable = pool.time() + seconds, repeatable or method == "GET"
        try:
            response = await self._call(pool, repeatable, self._request(method, path, sent, body), deadline)
            if response.status == 401 and self._renewable is not None:
                sent["Authorization"] = self._renewable.renewed(sent["Authorization"])
                response = await self._call(pool, repeatable, self._request(method, path, sent, body), deadline)
        except ResponseTooLarge:
            raise Unavailable(detail=f"a response of more than {MAX_RESPONSE_BYTES} bytes") from None
        except (OSError, InvalidResponse, PoolClosed) as error:
            raise Unavailable(detail=f"{method} {self._base}: {_said(error)}") from error
        return response

    def _request(self, method: str, path: str, fields: Mapping[str, str], body: bytes | None) -> bytes:
        return rendered(method, self._peer.path + path, self._peer.authority, fields, body)

    async def _call(self, pool: CallPool, repeatable: bool, request: bytes, deadline: float) -> Response:
        """What may be repeated is, once, where it was sent on a connection which the callee was just closing."""
        connection = await pool.take(deadline)
        try:
            return await connection.call(request, deadline, self._observer())
        except ConnectionEnded as error:
            if not (repeatable and error.unanswered):
                raise
        connection = await pool.take(deadline)
        return await connection.call(request, deadline, self._observer())

    def _observer(self) -> Callable[[Response], None] | None:
        """What observes the callee's clock in a response to a request that is sent now."""
        if self._peer_clock is None:
            return None
        observation = self._peer_clock.begin()
        return lambda response: observation.end(response.fields.get(TIME_FIELD))


def _expected(status: int, value: Any, *, absent: bool = False) -> Any:
    if absent and status == 404:
        return None
    if 200 <= status < 300:
        return value
    if 400 <= status < 500 and status not in RETRYABLE_CLIENT_ERRORS:
        raise CallRejected(detail=f"rejected with status {status}")
    raise Unavailable(detail=f"unexpected status {status}")


def _said(error: OSError | InvalidResponse | PoolClosed) -> str:
    if isinstance(error, PoolClosed):
        return "the client is closed"
    if isinstance(error, ConnectionEnded):
        return "it closed the connection"
    return f"the response is invalid: {error}" if isinstance(error, InvalidResponse) else describe(error)
