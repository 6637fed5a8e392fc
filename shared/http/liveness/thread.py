"""The thread that accepts the operators' connections, responds to `/health/live`, and leaves all else to the loop.

It looks at what has arrived without taking it. A connection whose next request is anything but a plain one for
liveness goes to the event loop as it is, and stays there: this thread has no parser, no body and no other path.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate

from shared.http.liveness.gil_held_socket import recv, send
from shared.http.liveness.probe_request import MAX_PROBE_BYTES, Liveness, probe_in, response_to

MAX_CONNECTIONS = 64
"""That are kept here between two requests: more go to the event loop."""
IDLE_TIMEOUT_S = 75.0
SWEEP_INTERVAL_S = 5.0
ACCEPT_PAUSE_S = 0.1
"""Seconds without accepting where there is no descriptor left."""
STOP_TIMEOUT_S = 1.0


class LivenessThread:
    """From `start` to `stop`. `hand_over` gets, in this thread, each connection that is not for it.

    `listening` are sockets that listen; they are closed at the end.
    """

    def __init__(
        self, listening: Sequence[socket.socket], hand_over: Callable[[socket.socket], None], liveness: Liveness
    ) -> None:
        self._listening = listening
        self._hand_over = hand_over
        self._liveness = liveness
        self._selector = selectors.DefaultSelector()
        self._idle_since: dict[socket.socket, float] = {}
        """The connections that are kept here, by when they have last been used."""
        self._woken, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)

    def start(self) -> None:
        for listening in self._listening:
            listening.setblocking(False)
            self._selector.register(listening, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, and close what is kept here. Takes a few milliseconds."""
        self._waker.send(b"x")
        self._thread.join(STOP_TIMEOUT_S)
        for own in (*self._listening, *self._idle_since, self._woken, self._waker):
            own.close()
        self._selector.close()

    def _run(self) -> None:
        next_sweep = time.monotonic() + SWEEP_INTERVAL_S
        while True:
            for key, _ in self._selector.select(SWEEP_INTERVAL_S):
                ready = key.fileobj
                if ready is self._woken or not isinstance(ready, socket.socket):
                    return
                (key.data or self._readable)(ready)
            now = time.monotonic()
            if now >= next_sweep:
                next_sweep = now + SWEEP_INTERVAL_S
                for connection in [c for c, since in self._idle_since.items() if now - since > IDLE_TIMEOUT_S]:
                    self._forget(connection)
                    connection.close()

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, ConnectionError, InterruptedError):
            return
        except OSError:
            time.sleep(ACCEPT_PAUSE_S)
            return
        connection.setblocking(False)
        if len(self._idle_since) >= MAX_CONNECTIONS:
            self._hand_over(connection)
            return
        self._idle_since[connection] = time.monotonic()
        self._selector.register(connection, selectors.EVENT_READ)
        self._readable(connection)  # as a rule its first request is here already

    def _readable(self, connection: socket.socket) -> None:
        data = recv(connection, MAX_PROBE_BYTES, socket.MSG_PEEK)
        if data is None:
            return
        probe = probe_in(data)
        if probe is None:
            self._forget(connection)
            if data:
                self._hand_over(connection)
            else:
                connection.close()
            return
        self._idle_since[connection] = time.monotonic()
        response = response_to(probe, self._liveness, formatdate(usegmt=True))
        recv(connection, probe.length)
        if send(connection, response) < len(response) or probe.closes:  # nobody takes as little as this
            self._forget(connection)
            connection.close()

    def _forget(self, connection: socket.socket) -> None:
        self._idle_since.pop(connection, None)
        self._selector.unregister(connection)
