"""A connection for calls: one request at a time, its response within a time."""

import asyncio
from collections.abc import Callable

from shared.http.calls.response import InvalidResponse, Response, ResponseReader
from shared.transport.turn_transport import LARGE_BYTES, TurnTransport, turn_transport

CLOCK_RESOLUTION_S = 0.001
"""Of the loop's clock: a timer fires so much too early."""


class ConnectionEnded(ConnectionError):
    """The connection ended before the response was complete. `unanswered`: it had served before, and not a byte of
    this response has come, so that the callee has probably closed it before the request was there."""

    def __init__(self, *, unanswered: bool) -> None:
        super().__init__()
        self.unanswered = unanswered


class CallConnection(asyncio.Protocol):
    """`released` is called after each response that another request may follow, `lost` once there can be none."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_body_bytes: int) -> None:
        self._loop = loop
        self._max_body_bytes = max_body_bytes
        self._reader: ResponseReader
        self._transport: TurnTransport | None = None
        self._result: asyncio.Future[Response] | None = None
        self._served = 0
        self._may_be_under_way = False
        """Whether the request is so large that the callee may not have taken all of it."""
        self._ended = False
        """Whether the callee has closed its side."""
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.released: Callable[[CallConnection], None] | None = None
        self.lost: Callable[[CallConnection], None] | None = None
        self.idle_since = 0.0
        """When it was released, by the loop's clock."""

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._ended and not self._transport.is_closing()

    async def call(
        self, request: bytes, deadline: float, on_head: Callable[[Response], None] | None = None
    ) -> Response:
        """The response to `request`, complete, by `deadline` in the loop's time; `on_head` gets it with its head.

        Raises `TimeoutError`, `ConnectionEnded` or another `OSError`, `InvalidResponse`; after any of these, and
        when it is cancelled, the connection has ended.
        """
        if self._transport is None:
            raise ConnectionEnded(unanswered=True)
        result: asyncio.Future[Response] = self._loop.create_future()
        self._result = result
        self._reader.begin(on_head)
        self._may_be_under_way = len(request) >= LARGE_BYTES
        self._expect_by(deadline)
        self._transport.write(request)
        try:
            return await result
        finally:
            if self._result is result:  # cancelled; after the response the connection may be another call's
                self._result = None
                self.abort()
            del result  # or an error would hold the frame that holds the error

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = turn_transport(transport, self._loop)
        self._reader = ResponseReader(self._max_body_bytes)

    def data_received(self, data: bytes) -> None:
        transport, reader = self._transport, self._reader
        if self._result is None or transport is None:
            self.abort()  # nothing was requested, and it is no response to the next request
            return
        if transport.waiting:  # it came before the request was sent
            self._fail(InvalidResponse("a response to nothing"))
            return
        try:
            reader.feed(data)
        except InvalidResponse as error:
            self._fail(error)
            return
        if reader.complete:
            self._end_of_response()

    def eof_received(self) -> None:
        self._ended = True
        if self._transport is not None:
            self._transport.send()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reader.until_close and self._ended and error is None and self._result is not None:
            self._reader.end()
            self._end_of_response()
        else:
            self._fail(ConnectionEnded(unanswered=self._served > 0 and not self._reader.began))
        self._reader.release()
        lost, self.lost, self.released = self.lost, None, None
        if lost is not None:
            lost(self)

    # Ending a call

    def _end_of_response(self) -> None:
        result, self._result = self._result, None
        self._served += 1
        response = self._reader.response
        if result is not None and not result.done() and response is not None:
            result.set_result(response)
        if self._reader.reusable and self.usable and self._request_sent() and self.released is not None:
            self.idle_since = self._loop.time()
            self.released(self)
        else:
            self.abort()

    def _request_sent(self) -> bool:
        """Whether the callee has taken all of the request that it has responded to."""
        transport = self._transport
        return not self._may_be_under_way or transport is None or not transport.get_write_buffer_size()

    def _fail(self, error: Exception) -> None:
        result, self._result = self._result, None
        if result is not None and not result.done():
            result.set_exception(error)
        self.abort()

    # Time: one timer for many calls, since most end long before it fires

    def _expect_by(self, deadline: float) -> None:
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        self._timer = None
        if self._result is None:
            return
        if self._loop.time() >= self._deadline - CLOCK_RESOLUTION_S:
            self._fail(TimeoutError())
        else:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
