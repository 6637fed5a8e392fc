"""An upstream's response, read as strictly as a request: one with two readings is none (RFC 9112)."""

import re
from functools import lru_cache
from typing import Protocol

from gateway.http1.body import BodyDecoder, MalformedBody, UntilCloseDecoder
from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.fields import Field, MalformedField, has_bare_control, parse_lines, tokens
from gateway.http1.framing import UNFRAMED, Framing, MalformedFraming, response_body, response_framing

MAX_HEAD_BYTES = 65536
MAX_FIELDS = 200
MAX_INTERIM = 8
"""Responses of status 1xx before the final one."""

_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_REQUEST_ID = re.compile(rb"\r\n[Xx]-[Rr]equest-[Ii][Dd]: [\x21-\x7e]+(?=\r\n|\Z)")
_MAX_CACHED_LINE_LENGTH = 64
_MAX_CACHED_HEADS = 1024
_MAX_CACHED_BYTES = 1024
"""Of one head."""


class BadResponse(ValueError):
    """The upstream's response is invalid; the message is for our log."""


class ResponseHead:
    """Never changed once it is read, but for `passed_on`: it may be the head of many responses."""

    __slots__ = ("connection", "dated", "fields", "framing", "keep_alive", "passed_on", "redirects", "status")

    def __init__(
        self, status: int, fields: list[Field], framing: Framing, connection: list[str], *, keep_alive: bool
    ) -> None:
        self.status = status
        self.fields = fields
        self.framing = framing
        self.connection = connection
        """The members of `Connection`, in lower case."""
        self.keep_alive = keep_alive
        """Whether the connection may carry another response."""
        names = [field.name for field in fields]
        self.dated = "date" in names
        self.redirects = "location" in names
        self.passed_on: str | None = None
        """For who passes the fields on, to keep what follows from them."""

    @property
    def content_length(self) -> int | None:
        """Of the body that follows; None when it is not known before its end."""
        return self.framing.length


def parse_response_head(raw: bytes) -> ResponseHead:
    """The head in `raw`, without the empty line at its end. Raises `BadResponse`.

    Upstreams send the same heads again and again: a short one that holds no secret is read once. Many send the id
    of the request back, which no client gets from them: it is left out, as heads would never be the same with it.
    """
    if (cached := _cache.get(raw)) is not None:
        return cached
    if (request_id := _REQUEST_ID.search(raw)) is not None:
        raw = raw[: request_id.start()] + raw[request_id.end() :]
        if (cached := _cache.get(raw)) is not None:
            return cached
    head = _parse(raw)
    if len(raw) <= _MAX_CACHED_BYTES and all(field.cacheable for field in head.fields):
        _cache.put(raw, head)
    return head


def _parse(raw: bytes) -> ResponseHead:
    try:
        parsed = parse_lines(raw, max_fields=MAX_FIELDS)
    except MalformedField as error:
        raise BadResponse(str(error)) from None
    if parsed is None:
        raise BadResponse(f"it has more than {MAX_FIELDS} header fields")
    line, fields = parsed
    status, minor = _status_line(line) if len(line) <= _MAX_CACHED_LINE_LENGTH else _parse_status_line(line)
    if status < 200 and not minor:  # R16, RFC 9110 section 15.2: HTTP/1.0 has no such responses
        raise BadResponse("it is an interim response, or switches protocols, in HTTP/1.0")
    steering = [field for field in fields if field.steers]
    encodings = [field.value for field in steering if field.name == "transfer-encoding"]
    lengths = [field.value for field in steering if field.name == "content-length"]
    try:
        framing = response_framing(encodings, lengths, minor=minor) if encodings or lengths else UNFRAMED
    except MalformedFraming as ambiguous:
        raise BadResponse(str(ambiguous)) from None
    keep_alive = minor == 1  # R22, section 9.3
    if len(steering) == len(encodings) + len(lengths):
        return ResponseHead(status, fields, framing, [], keep_alive=keep_alive)
    connection = tokens([field.value for field in steering if field.name == "connection"])
    return ResponseHead(status, fields, framing, connection, keep_alive=keep_alive and "close" not in connection)


def _parse_status_line(line: str) -> tuple[int, int]:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:  # R3, section 4
        raise BadResponse("it has no status line")
    return int(match[2]), int(match[1])


_status_line = lru_cache(maxsize=512)(_parse_status_line)
_cache: BoundedCache[bytes, ResponseHead] = BoundedCache(_MAX_CACHED_HEADS)


class Upgrade(Protocol):
    def check_accepted(self, response: ResponseHead) -> None:
        """Raises `BadResponse` unless this 101 accepts what was offered."""
        ...


class ResponseReader:
    """Reads the response to one request; `method` is that request's.

    Nothing may follow the response, for no second one was requested. What follows a 101 that accepts the request's
    `upgrade` is content without an end.
    """

    __slots__ = ("_body", "_buffer", "_interim", "_method", "_upgrade", "complete", "head")

    def __init__(self, method: str, upgrade: Upgrade | None = None) -> None:
        self._method = method
        self._upgrade = upgrade
        """What the request offers to switch to."""
        self._buffer = bytearray()
        """The beginning of a head whose end has not come yet."""
        self._interim = 0
        self._body: BodyDecoder | None = None
        self.head: ResponseHead | None = None
        self.complete = False

    @property
    def began(self) -> bool:
        """Whether any byte has come."""
        return self.head is not None or bool(self._buffer) or self._interim > 0

    @property
    def until_close(self) -> bool:
        """Whether the body has begun, and ends only with the connection."""
        return isinstance(self._body, UntilCloseDecoder)

    def feed(self, data: bytes) -> tuple[ResponseHead | None, bytes]:
        """The final head, when `data` completes it, and the content that `data` brings. Raises `BadResponse`."""
        head = None
        if self.head is None:
            head, data = self._next_head(data)
            if head is None:
                return None, b""
            if head.framing.length == len(data) and head.status == 200 and self._method != "HEAD":
                self.complete = True  # as most responses are
                return head, data
            self._body = self._body_of(head)
        return head, self._content(data)

    def _content(self, data: bytes) -> bytes:
        content = b""
        if self._body is not None and not self.complete:
            try:
                content, data = self._body.feed(data)
            except MalformedBody as error:
                raise BadResponse(str(error)) from None
        if data:  # R21, section 9.2
            raise BadResponse("more follows its end")
        self.complete = self._body is None or self._body.complete
        return content

    def _body_of(self, head: ResponseHead) -> BodyDecoder | None:
        if head.status == 101:
            return UntilCloseDecoder()
        try:
            return response_body(head.framing, status=head.status, method=self._method)
        except MalformedFraming as error:
            raise BadResponse(str(error)) from None

    def _next_head(self, data: bytes) -> tuple[ResponseHead | None, bytes]:
        buffer, known = self._buffer, 0
        if buffer:
            known = max(0, len(buffer) - 3)
            buffer += data
            end = buffer.find(b"\r\n\r\n", known)
            if end >= 0:
                data, known = bytes(buffer), 0
                buffer.clear()
        else:
            end = data.find(b"\r\n\r\n")
        while end >= 0:
            if end > MAX_HEAD_BYTES:
                raise _too_long()
            head, data = parse_response_head(data[:end]), data[end + 4 :]
            if head.status < 200:
                self._check_interim(head)
            if head.status >= 200 or head.status == 101:
                self.head = head
                return head, data
            end = data.find(b"\r\n\r\n")
        if not buffer:
            buffer += data
        _check_so_far(buffer, known)
        return None, b""

    def _check_interim(self, head: ResponseHead) -> None:
        self._interim += 1
        if head.status == 101:  # R16, RFC 9110 section 7.8
            if self._upgrade is None:
                raise BadResponse("it switches protocols, which was not requested")
            self._upgrade.check_accepted(head)
        if self._interim > MAX_INTERIM:  # R16, RFC 9110 section 15.2
            raise BadResponse(f"more than {MAX_INTERIM} interim responses come before it")
        if head.framing.chunked or head.framing.length is not None:  # R15, section 6.1
            raise BadResponse("an interim response has a body")


def _check_so_far(head: bytearray, known: int) -> None:
    """Refuse now what cannot become a head: its end may never come. Looks at no byte many times."""
    if len(head) - 3 > MAX_HEAD_BYTES:
        raise _too_long()
    if has_bare_control(head, known):  # R1
        raise BadResponse("its head holds a CR or LF alone, or a NUL")
    if not b"HTTP/1.".startswith(head[:7]):
        raise BadResponse("it has no status line")


def _too_long() -> BadResponse:
    return BadResponse(f"its head is longer than {MAX_HEAD_BYTES} bytes")
