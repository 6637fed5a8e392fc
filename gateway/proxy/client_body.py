"""A request's body on its way: collected as long as it is small, then sent on piece by piece."""

from collections.abc import Callable

from gateway.http1 import writer
from gateway.http1.request_head import RequestHead
from gateway.proxy.bodies_under_way import BodiesUnderWay
from gateway.routing.table import Upstream

SMALL_BODY_BYTES = 65536
"""So much of a body is collected before it takes one of the upstream's connections."""


class ClientBody:
    """Of one request, and the `Body` that is counted as long as it is under way.

    `shed` is called when its place is another's, and it is not counted any more.
    """

    __slots__ = ("_bodies", "_chunked", "_counted", "_length", "_pieces", "_shed", "complete", "received")

    def __init__(self, head: RequestHead | None, bodies: BodiesUnderWay | None, shed: Callable[[], None]) -> None:
        self._bodies = bodies
        self._shed = shed
        self._counted = False
        self._chunked = head is not None and head.framing.chunked
        self._length = None if head is None else head.content_length
        self._pieces: list[bytes] = []
        self.received = 0
        """Bytes of content."""
        self.complete = False
        """Whether its last byte has come: see `came`."""

    def came(self, *, complete: bool) -> None:
        """A piece is here, and with `complete` it is the last one."""
        self.complete = complete
        if complete:
            self.end()

    def may_collect(self, client: str) -> bool:
        """Whether the client may send it: it is complete, or there may be one more that is under way."""
        if self.complete or self._counted or self._bodies is None:
            return True
        self._counted = self._bodies.collect(self, client)
        return self._counted

    def may_stream(self, upstream: Upstream) -> bool:
        """Whether it may take one of the upstream's connections, though it may not be complete."""
        return (
            not self._counted
            or self._bodies is None
            or self._bodies.stream(self, upstream.name, upstream.connections)
        )

    def end(self) -> None:
        """No more of it will come."""
        if self._counted and self._bodies is not None:
            self._counted = False
            self._bodies.end(self)

    def shed(self) -> None:
        self._counted = False
        self._shed()

    @property
    def due(self) -> bool:
        """Whether what was collected is to be sent."""
        return self.complete or self.received >= SMALL_BODY_BYTES

    def collect(self, content: bytes) -> None:
        if content:
            self._pieces.append(content)
            self.received += len(content)

    def begin(self) -> tuple[int | None, bool, bytes]:
        """What a head says of it, its length and whether it is chunked; and what was collected, framed."""
        content = b"".join(self._pieces)
        self._pieces.clear()
        if not self._chunked:
            return self._length, False, content
        if self.complete:  # a body that is here as a whole has a length
            return len(content), False, content
        return None, True, writer.chunk(content)

    def framed(self, content: bytes) -> bytes:
        """The next piece, after `begin`; the last one when the body is `complete`."""
        self.received += len(content)
        if not self._chunked:
            return content
        return writer.chunk(content) + (writer.LAST_CHUNK if self.complete else b"")


def _no_body() -> ClientBody:
    body = ClientBody(None, None, lambda: None)
    body.complete = True
    return body


NO_BODY = _no_body()
"""Of all requests that have none."""
