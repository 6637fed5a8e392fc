"""A TCP proxy on 127.0.0.1 between a service and a store, which a test cuts, delays or turns into a black hole."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class FaultProxy:
    """Forwards connections to `(host, port)`; its own address is `port` on 127.0.0.1 once entered.

    `cut()` resets all connections and refuses new ones; `swallow()` accepts and takes bytes but passes none on;
    `swallow_responses()` passes on what the service sends, and nothing back; `reset_at_response()` does so once,
    and resets the connection when the response comes;
    `delay` holds each chunk back for so many seconds; `restore()` makes it whole again.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._mode = "forward"
        self.delay = 0.0
        self._resets = False
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._requesters: set[asyncio.StreamWriter] = set()
        """Of those, the ones to who connected to this proxy."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._mode = "cut"
        for writer in list(self._writers):
            writer.transport.abort()

    def swallow(self) -> None:
        self._mode = "swallow"

    def swallow_responses(self) -> None:
        self._mode = "swallow responses"

    def reset_at_response(self) -> None:
        self._resets = True

    def restore(self) -> None:
        """Whole again, for new connections: those that were swallowed are reset."""
        for writer in list(self._writers):
            writer.transport.abort()
        self._mode = "forward"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "cut":
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(upstream_writer)
        self._requesters.add(writer)
        for source, sink in ((reader, upstream_writer), (upstream_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                request = sink not in self._requesters
                if self._resets and not request:
                    self._resets = False
                    break
                if self._mode == "forward" or (self._mode == "swallow responses" and request):
                    sink.write(chunk)
                    await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)
        self._requesters.discard(sink)
