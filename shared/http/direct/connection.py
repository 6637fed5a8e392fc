"""A connection on which plain requests are served directly, and aiohttp's own connection serves the others."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import web

from shared.http.connection import HEAD_TIMEOUT_S, KEEPALIVE_TIMEOUT_S, RequestHandler
from shared.http.direct.endpoints import DirectEndpoints
from shared.http.direct.plain_request import CutOffBody, PlainRequest, WholeBody, aiohttp_request, plain_request
from shared.http.direct.response import rendered
from shared.http.responses import internal_error
from shared.transport.turn_transport import TurnTransport, turn_transport

log = structlog.get_logger()

BODY_WAIT_S = 1.0
"""Seconds in which a body has to follow its head, in one piece: else the request is no plain one."""
MAX_HELD_BYTES = 65536
"""That may arrive during a response; beyond that nothing more is read until it is complete."""


class DirectConnection(asyncio.Protocol):
    """One request at a time. `ordinary` makes aiohttp's connection, for a request that is not plain.

    That one then gets all that arrives until it is at rest: no byte of a request is read by both.
    """

    def __init__(
        self,
        endpoints: DirectEndpoints,
        ordinary: Callable[[], RequestHandler],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._endpoints = endpoints
        self._make_ordinary = ordinary
        self._loop = loop
        self._ordinary: RequestHandler | None = None
        self._task: asyncio.Task[None] | None = None
        """Of the response under way."""
        self._held = b""
        """What has arrived and is not read yet."""
        self._headed: PlainRequest | None = None
        """The head of the request whose body is awaited."""
        self._reading_paused = self._writing_paused = False
        self._draining = False
        self._deadline = 0.0
        """By which a request must have come, by the loop's clock."""
        self._timer: asyncio.TimerHandle | None = None
        """Looks at the deadline now and then: one for each request would cost more."""
        self._body_timer: asyncio.TimerHandle | None = None
        self.transport: TurnTransport | None = None
        self.ssl_context = self.peername = self.sockname = None
        """As `aiohttp.web.Request` finds them at its connection."""

    @property
    def serving(self) -> bool:
        """Whether a request's head has arrived here, and its response is not complete yet."""
        return self._task is not None or self._headed is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = turn_transport(transport, self._loop)
        self.peername, self.sockname = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if (own := transport.get_extra_info("socket")) is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._endpoints.connections.add(self)
        self._expect_request(HEAD_TIMEOUT_S)

    def data_received(self, data: bytes) -> None:
        if self._ordinary is not None:
            if not self._ordinary.at_rest:
                self._ordinary.data_received(data)
                return
            self._leave_ordinary()
        if self._held:
            data = self._held + data
        if self._task is not None or self._writing_paused:
            self._hold(data)
        else:
            self._read(data)

    def _hold(self, data: bytes) -> None:
        self._held = data
        if len(data) > MAX_HELD_BYTES and not self._reading_paused and self.transport is not None:
            self._reading_paused = True
            self.transport.pause_reading()

    def _read(self, data: bytes) -> None:
        """Begin with what `data` begins with; nothing is under way."""
        self._held = b""
        plain, had_head = self._headed, self._headed is not None
        if plain is None:
            plain = plain_request(data, self._endpoints)
        else:
            self._end_wait_for_body()
        if plain is not None and len(data) >= plain.bytes:
            self._held = data[plain.bytes :]
            self._serve(plain, WholeBody(data[plain.head_bytes : plain.bytes]) if plain.body_bytes else None)
        elif plain is not None and not had_head:
            self._held, self._headed = data, plain
            self._body_timer = self._loop.call_later(BODY_WAIT_S, self._stop_waiting_for_body)
        else:
            self._hand_over(data)

    def _serve(self, plain: PlainRequest, body: WholeBody | None) -> None:
        endpoint = self._endpoints[plain.method, plain.path]
        request = aiohttp_request(plain, body, self, self._loop)
        request._match_info = endpoint.match_info  # of aiohttp itself (3.14.5), whose router would set it
        self._task = self._loop.create_task(self._respond(request, endpoint.respond))

    async def _respond(self, request: web.Request, respond: Callable[[web.Request], Any]) -> None:
        head_only = request.method == "HEAD"
        try:
            response = await respond(request)
            close = self._draining or response.keep_alive is False
            written = rendered(response, head_only=head_only, close=close)
        except Exception:
            log.exception("request.failed")
            close = True
            written = rendered(internal_error(), head_only=head_only, close=close)
        except asyncio.CancelledError:
            if self.transport is not None:  # else its sender would wait for a response that nobody makes
                self.transport.abort()
            raise
        finally:
            self._task = None
            if self.transport is None:  # it was lost meanwhile
                self._endpoints.connections.discard(self)
        if self.transport is None:
            return
        self.transport.write(written)
        if close:
            self.transport.close()
            return
        self._deadline = self._loop.time() + KEEPALIVE_TIMEOUT_S
        self._go_on()

    def _go_on(self) -> None:
        """Read what was held, if anything, when nothing is under way."""
        if self._held and self.transport is not None:
            self.transport.send()  # else nobody knows yet whether writing is paused
        if self._task is not None or self._writing_paused or self.transport is None:
            return
        if self._reading_paused:
            self._reading_paused = False
            self.transport.resume_reading()
        if self._held and self._headed is None:
            self._read(self._held)

    def _end_wait_for_body(self) -> None:
        self._headed = None
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _stop_waiting_for_body(self) -> None:
        data, self._held = self._held, b""
        self._end_wait_for_body()
        self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        if self.transport is None:
            return
        self.transport.send()
        self._ordinary = ordinary = self._make_ordinary()
        ordinary.connection_made(self.transport.below)
        if self._writing_paused:
            ordinary.pause_writing()
        ordinary.data_received(data)
        if self._draining:
            ordinary.close()

    def _leave_ordinary(self) -> None:
        ordinary, self._ordinary = self._ordinary, None
        if ordinary is not None:
            ordinary.transport = None  # which it would close
            ordinary.connection_lost(None)
        self._expect_request(KEEPALIVE_TIMEOUT_S)

    def _expect_request(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        self._timer = None
        if self._ordinary is not None or self.transport is None:  # which has deadlines of its own
            return
        if self.serving:
            self._deadline = self._loop.time() + KEEPALIVE_TIMEOUT_S
        elif self._loop.time() >= self._deadline:
            self.abort()
            return
        self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def pause_writing(self) -> None:
        self._writing_paused = True
        if self._ordinary is not None:
            self._ordinary.pause_writing()

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._ordinary is not None:
            self._ordinary.resume_writing()
        else:
            self._go_on()

    def eof_received(self) -> None:
        if self._ordinary is not None:
            self._ordinary.eof_received()
        elif self.transport is not None:
            self.transport.send()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        headed = self._headed
        self._end_wait_for_body()
        if headed is not None:  # so that it is logged and counted
            self._serve(headed, CutOffBody())
        if self._task is None:  # else whoever stops the server has still to know of it
            self._endpoints.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._ordinary is not None:
            self._ordinary.connection_lost(error)

    def close(self) -> None:
        """End with the response under way, if any. The server closes `ordinary` itself."""
        self._draining = True
        if self._ordinary is None and not self.serving and self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """End at once."""
        if self._task is not None:
            self._task.cancel()
        if self.transport is not None:
            self.transport.abort()
