"""A response from bytes: llhttp parses, and what it accepts of framing that RFC 9112 does not is refused here."""

from collections.abc import Callable, Iterator, Mapping

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD_BYTES = 65536
"""Of names and values in a head, and of whatever comes without a byte of a body."""
MAX_FIELDS = 128
MAX_INTERIM_RESPONSES = 8
"""Of status 1xx, before the final one."""
_VERSIONS = frozenset({"1.1", "1.0"})


class InvalidResponse(Exception):
    """What came is no response, or none that can be trusted to end where it seems to."""


class ResponseTooLarge(InvalidResponse):
    """Its body has more bytes than the caller takes."""


class Fields(Mapping[str, str]):
    """Header fields by their names in any case; the values of a repeated one are joined (RFC 9110 section 5.2)."""

    __slots__ = ("_lowered",)

    def __init__(self) -> None:
        self._lowered: dict[str, str] = {}
        """By names in lower case."""

    def add(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        lowered = self._lowered
        lowered[key] = f"{lowered[key]}, {text}" if key in lowered else text

    def named(self, name: str) -> str | None:
        """The value by a name that is in lower case; None if it is not there, which costs less than by `get`."""
        return self._lowered.get(name)

    def __getitem__(self, name: str) -> str:
        return self._lowered[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lowered)

    def __len__(self) -> int:
        return len(self._lowered)


class Response:
    """Status and header fields, and the body once it is complete."""

    __slots__ = ("body", "fields", "status")

    def __init__(self, status: int, fields: Fields) -> None:
        self.status = status
        self.fields = fields
        self.body = b""


class ResponseReader:
    """Reads the responses on one connection, one after another: `begin`, then `feed` until it is `complete`."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self, on_head: Callable[[Response], None] | None = None) -> None:
        """Expect the response to another request. `on_head` is called when its head is complete."""
        self._on_head = on_head
        self.response: Response | None = None
        """Once its head has come."""
        self.began = self.complete = self.reusable = False
        """Whether a byte of it has come, whether all have, and whether another may follow on the connection."""
        self._body = bytearray()
        self._other_bytes = self._interim = 0
        self._start_message()

    @property
    def until_close(self) -> bool:
        """Whether its body ends with the connection."""
        return self.response is not None and not self._framed and not self.complete

    def feed(self, data: bytes) -> None:
        """Raises `InvalidResponse`. What follows a complete response makes the connection not `reusable`."""
        if not self.began:
            self.began = True
            if not data.startswith(b"H"):  # llhttp reads empty lines before it, and RTSP
                raise InvalidResponse("no response")
        body_bytes = len(self._body)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            cause = error.__context__
            if not self.complete:
                raise cause if isinstance(cause, InvalidResponse) else InvalidResponse("malformed") from None
            self.reusable = False
        if len(self._body) == body_bytes and not self.complete:
            self._other_bytes += len(data)
            if self._other_bytes > MAX_HEAD_BYTES:
                raise InvalidResponse("too much of a head")
        else:
            self._other_bytes = 0

    def end(self) -> None:
        """The connection has ended in order: so does a body that is `until_close`."""
        self.complete = True
        self._join()

    def release(self) -> None:
        """Nothing is read any more. Without this, reader and parser would wait for the garbage collector."""
        del self._parser

    # What the parser calls

    def on_message_begin(self) -> None:
        if self.complete:
            raise InvalidResponse("a response to nothing")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields_left -= 1
        self._field_bytes_left -= len(name) + len(value)
        if self._fields_left < 0 or self._field_bytes_left < 0:
            raise InvalidResponse("too much of a head")
        if self.response is None:  # else it is a trailer
            self._fields.add(name, value)

    def on_headers_complete(self) -> None:
        status, fields = self._parser.get_status_code(), self._fields
        coding, length = fields.named("transfer-encoding"), fields.named("content-length")
        if self._parser.get_http_version() not in _VERSIONS or status < 100 or status == 101:
            raise InvalidResponse("no response to the request")
        if coding is not None and (coding.lower() != "chunked" or self._parser.get_http_version() == "1.0"):
            raise InvalidResponse("an unexpected transfer coding")
        if status < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM_RESPONSES:
                raise InvalidResponse("too many interim responses")
            return
        if length is not None and int(length) > self._max_body_bytes:
            raise ResponseTooLarge
        self._framed = coding is not None or length is not None
        self.response = response = Response(status, fields)
        if self._on_head is not None:
            self._on_head(response)

    def on_body(self, body: bytes) -> None:
        if self.response is None:
            raise InvalidResponse("an interim response with a body")
        self._body += body
        if len(self._body) > self._max_body_bytes:
            raise ResponseTooLarge

    def on_message_complete(self) -> None:
        if self.response is None:
            self._start_message()
            return
        self.complete = True
        announced = self.response.status == 204 and self._framed  # a body, which may follow
        self.reusable = self._parser.should_keep_alive() and not announced
        self._join()

    def _start_message(self) -> None:
        self._fields = Fields()
        self._fields_left, self._field_bytes_left = MAX_FIELDS, MAX_HEAD_BYTES
        self._framed = False

    def _join(self) -> None:
        if self.response is not None:
            self.response.body = bytes(self._body)
            self._body = bytearray()
