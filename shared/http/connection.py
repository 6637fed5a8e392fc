"""A server's connection: limits in time and size on what arrives, and no word on what parses it."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import StreamReader, web

from shared.problem import CONTENT_TYPE, title_of

HEAD_TIMEOUT_S = 10.0
"""Seconds in which a request's head must have arrived, from its first byte or the connection's start."""
KEEPALIVE_TIMEOUT_S = 75.0
"""Seconds for which an idle connection is kept."""
FINAL_WRITE_TIMEOUT_S = 0.5
"""Seconds for what is still being written when the grace is over."""
PROTOCOL_OPTIONS: dict[str, Any] = {
    "access_log": None,
    "keepalive_timeout": KEEPALIVE_TIMEOUT_S,
    "max_line_size": 8190,
    "max_field_size": 8190,
    "max_headers": 100,
    "lingering_time": 2.0,
    "auto_decompress": False,
}


async def finish(server: web.Server, grace: float, more: Callable[[], bool]) -> None:
    """Finish what has begun to arrive at `server`, which listens no more; after `grace` seconds give it up.

    `more`: whether something else is to be waited for as well.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace
    while more() or any(isinstance(c, RequestHandler) and c.serving for c in server.connections):
        if loop.time() >= deadline:
            break
        await asyncio.sleep(0.01)
    await server.shutdown(max(deadline - loop.time(), FINAL_WRITE_TIMEOUT_S))


class RequestHandler(web.RequestHandler):
    """The connection of a service: with a limit in time on each head, and parse errors that name no library.

    aiohttp itself holds a half-sent head open for as long as its peer likes, and drops all that arrives after
    `close`, so that a body on its way is waited for in vain: here the request that has begun is finished.
    """

    __slots__ = (
        "_bodiless",
        "_content",
        "_head_deadline",
        "_head_timer",
        "_next_head_began",
        "_serving",
        "_tail",
        "draining",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draining = False
        """Whether the response under way is the connection's last."""
        self._head_deadline: float | None = None
        """By the loop's clock; None while no head is awaited."""
        self._head_timer: asyncio.TimerHandle | None = None
        """Looks at the deadline now and then: to set and cancel a timer for each request would cost more."""
        self._serving = False
        self._content: StreamReader | None = None
        """The body of the request that is being served."""
        self._tail = b""
        """The last bytes that arrived."""
        self._next_head_began = False
        """Whether some of the next request arrived while this one is served."""
        self._bodiless = False
        """Whether the last request had no body."""

    @property
    def at_rest(self) -> bool:
        """Whether all that has arrived is known to be responded to: it ended in a head, and that had no body."""
        idle = self._waiter is not None and not self._waiter.done() and not self._messages
        return idle and self._bodiless and self._tail == b"\r\n\r\n" and not (self._close or self._upgraded)

    @property
    def serving(self) -> bool:
        """Whether a request's head has arrived and its response is not complete yet."""
        return self._serving

    def close(self) -> None:
        self.draining = True
        super().close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if data:  # if not, aiohttp goes on with what it has put off
            self._tail = (self._tail + data[-4:])[-4:]
            if not self._serving:
                if self._head_deadline is None:
                    self._expect_head()
            elif self._content is not None and self._content.is_eof():
                self._next_head_began = True
        if not (self._close and self._serving):
            super().data_received(data)
            return
        self._close = False
        try:
            super().data_received(data)
        finally:
            self._close = True

    def request_begun(self, request: web.BaseRequest) -> None:
        """Its head came in time, and it is being served."""
        self._head_received()
        self._content = request.content
        self._bodiless = not request.body_exists
        self._next_head_began = self._bodiless and self._tail != b"\r\n\r\n"

    def response_created(self) -> None:
        """The next bytes begin another head, unless some of it is here already."""
        self._serving = False
        if self._next_head_began:
            self._expect_head()

    def _head_received(self) -> None:
        self._serving = True
        self._head_deadline = None

    def _expect_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._head_deadline = loop.time() + HEAD_TIMEOUT_S
        if self._head_timer is None:
            self._head_timer = loop.call_at(self._head_deadline, self._check_head)

    def _check_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._head_timer = None
        if self._head_deadline is None:
            return
        if loop.time() >= self._head_deadline:
            self.force_close()
        else:
            self._head_timer = loop.call_at(self._head_deadline, self._check_head)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._head_received()
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A bare response to what could not be parsed; the connection ends with it."""
        self._head_received()
        response = web.Response(
            status=status,
            text=f'{{"type":"about:blank","title":"{title_of(status)}","status":{status}}}',
            content_type=CONTENT_TYPE,
            headers={"Server": "", "Connection": "close"},
        )
        response.force_close()
        return response
