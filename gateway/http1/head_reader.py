"""From the bytes of a connection to the heads of its requests, however they are cut into pieces."""

from gateway.http1.call_fields import has_call_fields
from gateway.http1.field_block import MAX_FIELD_BYTES
from gateway.http1.fields import has_bare_control
from gateway.http1.known_heads import read_head
from gateway.http1.request import MAX_REQUEST_LINE_BYTES, BadRequest, check_request_line, target_too_long, too_large
from gateway.http1.request_head import RequestHead


class HeadReader:
    """Reads the heads of one connection. After it has raised, the connection's bytes mean nothing any more."""

    __slots__ = ("_buffer", "_line_checked", "_skipped", "_varies")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipped = False
        """Whether the empty line before a request has come."""
        self._line_checked = False
        self._varies = False
        """Whether heads of this connection have fields of one call alone."""

    @property
    def inside_head(self) -> bool:
        """Whether a head has begun and has not ended."""
        return bool(self._buffer)

    def began_within(self, data: bytes) -> bool:
        """Whether a head has not ended that began in `data`, which was fed last."""
        return 0 < len(self._buffer) <= len(data)

    def feed(self, data: bytes) -> tuple[RequestHead | None, bytes]:
        """The head that `data` completes, and what follows it. Raises `BadRequest`."""
        if not self._buffer and not self._skipped and not data.startswith(b"\r\n"):
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                head = read_head(data[:end], varies=self._varies)
                if not head.block.cache_number:
                    self._see_whether_it_varies(head)
                return head, data[end + 4 :]
        return self._feed(data)

    def _feed(self, data: bytes) -> tuple[RequestHead | None, bytes]:
        buffer = self._buffer
        known = max(0, len(buffer) - 3)
        buffer += data
        if not self._skipped and buffer.startswith(b"\r\n"):
            self._skipped = True  # R2, RFC 9112 section 2.2: some clients end a body with one CRLF too many
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n", known)
        if end < 0:
            self._check_so_far(known)
            return None, b""
        raw, rest = bytes(buffer[:end]), bytes(buffer[end + 4 :])
        buffer.clear()
        self._skipped = self._line_checked = False
        head = read_head(raw, varies=self._varies)
        self._see_whether_it_varies(head)
        return head, rest

    def _see_whether_it_varies(self, head: RequestHead) -> None:
        self._varies = self._varies or has_call_fields(head)

    def _check_so_far(self, known: int) -> None:
        """Refuse now what cannot become a head: its end may never come. Looks at no byte many times."""
        buffer = self._buffer
        if has_bare_control(buffer, known):  # R1
            raise BadRequest("the head holds a CR or LF alone, or a NUL")
        line_end = buffer.find(b"\r\n", 0, MAX_REQUEST_LINE_BYTES + 2)
        if line_end < 0:
            if len(buffer) > MAX_REQUEST_LINE_BYTES:
                raise target_too_long()
            return
        if not self._line_checked:
            check_request_line(bytes(buffer[:line_end]))
            self._line_checked = True
        if len(buffer) - line_end > MAX_FIELD_BYTES + 4:
            raise too_large()
