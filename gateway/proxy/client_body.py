"""A request's body on its way: collected as long as it is small, then sent on piece by piece."""

from gateway.http1 import writer
from gateway.http1.request import RequestHead

SMALL_BODY_BYTES = 65536
"""So much of a body is collected before it takes one of the upstream's connections."""


class ClientBody:
    """Of one request. `complete` is to be set once its last byte has come."""

    __slots__ = ("_chunked", "_length", "_pieces", "complete", "received")

    def __init__(self, head: RequestHead | None) -> None:
        self._chunked = head is not None and head.framing.chunked
        self._length = None if head is None else head.content_length
        self._pieces: list[bytes] = []
        self.received = 0
        """Bytes of content."""
        self.complete = False

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
    body = ClientBody(None)
    body.complete = True
    return body


NO_BODY = _no_body()
"""Of all requests that have none."""
