"""The operators' port of a process: liveness does not wait for the event loop, and reports whether that runs."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from shared.http.liveness.heartbeat import EVENT_LOOP, Heartbeat
from shared.http.liveness.probe_request import Liveness
from shared.http.liveness.thread import LivenessThread

BACKLOG = 1024


class LivenessListener:
    """Listens in the place of `server`, which is bound and does not listen, from its making to `close`.

    `protocol` makes the connections of the event loop, which gets all requests but those for liveness.
    """

    def __init__(
        self,
        server: asyncio.Server,
        protocol: Callable[[], asyncio.Protocol],
        liveness: Liveness,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._protocol = protocol
        self._liveness = liveness
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[None]] = set()
        self._heartbeat = Heartbeat(monotonic)
        self._heartbeat.start()
        listening = [socket.socket(fileno=os.dup(bound.fileno())) for bound in server.sockets]
        for one in listening:
            one.listen(BACKLOG)
        self._thread = LivenessThread(listening, self._hand_over, self._judged)
        self._thread.start()

    def close(self) -> None:
        self._thread.stop()
        self._heartbeat.stop()
        self._server.close()

    def _judged(self) -> tuple[int, Mapping[str, Any]]:
        status, document = self._liveness()
        if not self._heartbeat.stands_still:
            return status, document
        return 503, {**document, "status": "failing", "failing": [EVENT_LOOP, *document.get("failing", [])]}

    def _hand_over(self, connection: socket.socket) -> None:
        try:
            self._loop.call_soon_threadsafe(self._connect_soon, connection)
        except RuntimeError:  # the loop has ended
            connection.close()

    def _connect_soon(self, connection: socket.socket) -> None:
        task = self._loop.create_task(self._connect(connection), name="operators_connection")
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:  # its client has left
            with contextlib.suppress(OSError):
                connection.close()
