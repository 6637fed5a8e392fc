"""From the bytes of a connection to requests: heads, content and ends, in their order."""

import re
from collections.abc import Iterator
from enum import Enum

from gateway.http1.body import BodyDecoder, ChunkedDecoder, LengthDecoder, MalformedBody, TooManyExtensions
from gateway.http1.request import (
    MAX_FIELD_BYTES,
    MAX_TARGET_BYTES,
    BadRequest,
    RequestHead,
    check_request_line,
    parse_head,
    target_too_long,
    too_large,
)

_LONE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0")
MAX_REQUEST_LINE_BYTES = MAX_TARGET_BYTES + 64


class Mark(Enum):
    END = "end"
    """The body is complete, or there was none to come."""


Event = RequestHead | bytes | Mark


class RequestReader:
    """Reads what one client sends. After it has raised, the connection's bytes mean nothing any more."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._skipped = False
        self._line_checked = False
        self._body: BodyDecoder | None = None

    @property
    def inside_head(self) -> bool:
        """Whether a head has begun and has not ended."""
        return bool(self._head)

    def feed(self, data: bytes) -> Iterator[Event]:
        """What `data` completes. Raises `BadRequest` after all that came before the fault.

        A request without a body gives its head and, at once, its end.
        """
        while data or self._head:
            if self._body is not None:
                content, data = self._content(self._body, data)
                if content:
                    yield content
                if not self._body.complete:
                    return
                self._body = None
                yield Mark.END
                continue
            head, data = self._next_head(data)
            if head is None:
                return
            yield head
            self._body = _decoder(head)
            if self._body is None:
                yield Mark.END

    def _content(self, body: BodyDecoder, data: bytes) -> tuple[bytes, bytes]:
        try:
            return body.feed(data)
        except TooManyExtensions as error:
            raise BadRequest(str(error), status=413, code="too_large") from None
        except MalformedBody as error:
            raise BadRequest(str(error), code="malformed_body") from None

    def _next_head(self, data: bytes) -> tuple[RequestHead | None, bytes]:
        buffer = self._head
        known = max(0, len(buffer) - 3)
        buffer += data
        if not self._skipped and buffer.startswith(b"\r\n"):
            self._skipped = True  # RFC 9112 section 2.2: some clients end a body with one CRLF too many
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n", known)
        if end < 0:
            self._check_so_far(known)
            return None, b""
        raw, rest = bytes(buffer[:end]), bytes(buffer[end + 4 :])
        buffer.clear()
        self._skipped = self._line_checked = False
        return parse_head(raw), rest

    def _check_so_far(self, known: int) -> None:
        """Refuse now what cannot become a head: its end may never come. Looks at no byte many times."""
        buffer = self._head
        if _LONE.search(buffer, known) is not None:
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


def _decoder(head: RequestHead) -> BodyDecoder | None:
    if head.chunked:
        return ChunkedDecoder()
    return LengthDecoder(head.content_length) if head.content_length else None
