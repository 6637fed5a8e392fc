"""An upstream's response, read as strictly as a request: one with two readings is none (RFC 9112)."""

import re
from dataclasses import dataclass

from gateway.http1.body import BodyDecoder, ChunkedDecoder, LengthDecoder, MalformedBody, UntilCloseDecoder
from gateway.http1.fields import Fields, MalformedField, parse_fields

MAX_HEAD_BYTES = 65536
MAX_FIELDS = 200
MAX_INTERIM = 8
"""Responses of status 1xx before the final one."""

_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")


class BadResponse(ValueError):
    """The upstream's response is invalid; the message is for our log."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    status: int
    fields: Fields
    content_length: int | None
    """Of the body that follows; None when it is not known before its end."""
    chunked: bool


def parse_response_head(raw: bytes) -> ResponseHead:
    """The head in `raw`, without the empty line at its end. Raises `BadResponse`."""
    status_line, *lines = raw.decode("latin-1").split("\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise BadResponse("it has no status line")
    if len(lines) > MAX_FIELDS:
        raise BadResponse(f"it has more than {MAX_FIELDS} header fields")
    try:
        fields = parse_fields(lines)
    except MalformedField as error:
        raise BadResponse(str(error)) from None
    return response_head(int(match[2]), fields, minor=int(match[1]))


def response_head(status: int, fields: Fields, *, minor: int = 1) -> ResponseHead:
    """The head of these fields. Raises `BadResponse` when they do not say in one way where the body ends."""
    chunked, length = _framing(fields, minor)
    return ResponseHead(status, fields, content_length=length, chunked=chunked)


def _framing(fields: Fields, minor: int) -> tuple[bool, int | None]:
    encodings = [value.lower() for name, value in fields if name.lower() == "transfer-encoding"]
    lengths = [value for name, value in fields if name.lower() == "content-length"]
    if encodings:
        if lengths:
            raise BadResponse("it has a content-length and a transfer-encoding")
        if encodings != ["chunked"] or minor == 0:
            raise BadResponse("its transfer-encoding is not chunked, in HTTP/1.1")
        return True, None
    if not lengths:
        return False, None
    if len(lengths) > 1 or _LENGTH.fullmatch(lengths[0]) is None:
        raise BadResponse("its content-length is not one number")
    return False, int(lengths[0])


class ResponseReader:
    """Reads the response to one request; `method` is that request's. Raises `BadResponse`.

    Nothing may follow the response: no second one was requested.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._buffer = b""
        self._interim = 0
        self._body: BodyDecoder | None = None
        self.head: ResponseHead | None = None
        self.raw_head = b""
        """The final head's bytes, with the empty line at its end."""

    @property
    def complete(self) -> bool:
        return self.head is not None and (self._body is None or self._body.complete)

    @property
    def has_body(self) -> bool:
        """Whether a body follows the final head."""
        return self._body is not None

    @property
    def until_close(self) -> bool:
        """Whether the body has begun, and ends only with the connection."""
        return isinstance(self._body, UntilCloseDecoder)

    def feed(self, data: bytes) -> tuple[ResponseHead | None, bytes]:
        """The final head, when `data` completes it, and the content that `data` brings."""
        head = None
        if self.head is None:
            head, data = self._next_head(self._buffer + data)
            if head is None:
                return None, b""
        content = b""
        if self._body is not None and not self._body.complete:
            try:
                content, data = self._body.feed(data)
            except MalformedBody as error:
                raise BadResponse(str(error)) from None
        if data:
            raise BadResponse("more follows its end")
        return head, content

    def _next_head(self, data: bytes) -> tuple[ResponseHead | None, bytes]:
        while True:
            end = data.find(b"\r\n\r\n")
            if (len(data) if end < 0 else end) > MAX_HEAD_BYTES:
                raise BadResponse(f"its head is longer than {MAX_HEAD_BYTES} bytes")
            if end < 0:
                _check_so_far(data)
                self._buffer = data
                return None, b""
            raw, data = data[: end + 4], data[end + 4 :]
            head = parse_response_head(raw[:-4])
            if head.status >= 200:
                self.head, self.raw_head, self._buffer = head, raw, b""
                self._body = self._decoder(head)
                return head, data
            self._check_interim(head)

    def _check_interim(self, head: ResponseHead) -> None:
        self._interim += 1
        if head.status == 101:
            raise BadResponse("it switches protocols, which was not requested")
        if self._interim > MAX_INTERIM:
            raise BadResponse(f"more than {MAX_INTERIM} interim responses come before it")
        if head.chunked or head.content_length is not None:
            raise BadResponse("an interim response has a body")

    def _decoder(self, head: ResponseHead) -> BodyDecoder | None:
        if head.status == 204 and (head.chunked or head.content_length):
            raise BadResponse("its status is 204 and it has a body")
        if self._method == "HEAD" or head.status in (204, 304):
            return None
        if head.chunked:
            return ChunkedDecoder()
        return UntilCloseDecoder() if head.content_length is None else LengthDecoder(head.content_length)


def _check_so_far(data: bytes) -> None:
    if b"\0" in data or data.count(b"\n") != data.count(b"\r\n"):
        raise BadResponse("its head holds a NUL or an LF alone")
    if not b"HTTP/1.".startswith(data[:7]):
        raise BadResponse("it has no status line")
