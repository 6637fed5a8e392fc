"""A request's body on its way to the upstream."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from gateway.proxy.ports import ClientBody


class Upload:
    """The client's body, piece by piece, and what its failure means for the response.

    The upstream's time runs while it has a piece to take, or the whole request; not while the client makes it wait.
    """

    def __init__(self, body: ClientBody, deadline: asyncio.Timeout, response_timeout: float) -> None:
        self._body = body
        self._deadline = deadline
        self._response_timeout = response_timeout
        self.failure: Exception | None = None
        self.deadline_over = False
        """Whether the wait for the response's head is over."""
        self._response: aiohttp.StreamReader | None = None

    def response_began(self, content: aiohttp.StreamReader) -> None:
        """From now on a failure of the client's body ends the response, whose upstream waits for that body."""
        self._response = content
        self._end_response()

    async def pieces(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        while True:
            self._reschedule(None)
            try:
                piece = await self._body.read()
            except Exception as error:
                self.failure = error
                self._end_response()
                raise
            finally:
                self._reschedule(loop.time() + self._response_timeout)
            if not piece:
                return
            yield piece

    def _end_response(self) -> None:
        if self.failure is not None and self._response is not None and not self._response.is_eof():
            self._response.set_exception(self.failure)

    def _reschedule(self, when: float | None) -> None:
        if not self.deadline_over and not self._deadline.expired():
            self._deadline.reschedule(when)
