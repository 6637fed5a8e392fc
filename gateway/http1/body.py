"""Reading a body up to its end, in both directions: by its length, in chunks, or until its connection is closed.

Which of these it is, `framing` decides (RFC 9112 sections 6 and 7).
"""

import re
from math import inf
from typing import Protocol

from gateway.http1.fields import MAX_FIELDS, MalformedField, has_bare_control, parse_lines

MAX_EXTENSION_BYTES = 1024
"""For the chunk extensions of a body together."""
MAX_TRAILER_BYTES = 8192
MAX_SIZE_DIGITS = 15
MAX_CHUNK_BYTES = 2**32 - 1
"""More than any route takes; what a reader that counts in 32 bits would take for another size."""
CHUNKS_AT_A_TIME = 64
"""Of a request: small ones cost a thousand times what their bytes do, and other connections have their turn."""

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,%d})(;[\t\x20-\x7e]*)?" % MAX_SIZE_DIGITS)
_SIZE_LINE_SO_FAR = re.compile(rb"[0-9A-Fa-f]{1,%d}(?:;[\t\x20-\x7e]*)?\r?" % MAX_SIZE_DIGITS)


class MalformedBody(ValueError):
    """The framing of a body is broken; the message says how and repeats nothing of it."""


class TooManyExtensions(MalformedBody):
    pass


class BodyDecoder(Protocol):
    @property
    def complete(self) -> bool:
        """Whether the end has been seen."""
        ...

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """The content in `data`, and what of `data` is left: it follows the body's end, or is for the next call.

        Raises `MalformedBody`.
        """
        ...


class LengthDecoder:
    """A body of `length` bytes."""

    def __init__(self, length: int) -> None:
        self._left = length

    @property
    def complete(self) -> bool:
        return self._left == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        if len(data) <= self._left:
            self._left -= len(data)
            return data, b""
        content, rest = data[: self._left], data[self._left :]
        self._left = 0
        return content, rest


class UntilCloseDecoder:
    """A response's body that ends with its connection."""

    complete = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""


class ChunkedDecoder:
    """R18, R19: a body in chunks. Extensions and trailer fields are checked, bounded, and left out."""

    def __init__(self, chunks_at_a_time: float = inf) -> None:
        self.complete = False
        self._chunks_at_a_time = chunks_at_a_time
        self._pending = b""
        """The beginning of a line whose end has not come yet."""
        self._left = 0
        """Bytes to come of the chunk's data and the CRLF after it; 0 between chunks."""
        self._in_trailer = False
        self._trailer_lines = 0
        self._trailer_bytes = 0
        self._extension_bytes = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        if self._pending:
            data, self._pending = self._pending + data, b""
        contents: list[bytes] = []
        position = lines = 0
        while position < len(data) and not self.complete:
            if self._left:
                position = self._data(data, position, contents)
                continue
            if lines == self._chunks_at_a_time:
                break
            lines += 1
            end = data.find(b"\r\n", position)
            if end < 0:
                self._keep(data[position:])
                return b"".join(contents), b""
            self._line(data[position:end])
            position = end + 2
        return b"".join(contents), data[position:]

    def _data(self, data: bytes, position: int, contents: list[bytes]) -> int:
        content = data[position : position + max(0, self._left - 2)]
        contents.append(content)
        self._left -= len(content)
        position += len(content)
        if self._left > 2:
            return position
        expected = b"\r\n"[2 - self._left :]
        end = data[position : position + len(expected)]
        if not expected.startswith(end):  # R18, RFC 9112 section 7.1
            raise MalformedBody("a chunk is longer than its size says")
        self._left -= len(end)
        return position + len(end)

    def _keep(self, line: bytes) -> None:
        """Keep what may become a line; what cannot is refused now, since its end may never come."""
        if self._in_trailer:
            if self._trailer_bytes + len(line) > MAX_TRAILER_BYTES + 1 or has_bare_control(line):  # R1
                raise MalformedBody("a trailer field is malformed or too long")
        elif _SIZE_LINE_SO_FAR.fullmatch(line) is None:
            raise MalformedBody("a chunk's size must be a hexadecimal number")
        elif len(line) > MAX_EXTENSION_BYTES + MAX_SIZE_DIGITS + 1:
            raise _too_many_extensions()
        self._pending = line

    def _line(self, line: bytes) -> None:
        if self._in_trailer:
            self._trailer_line(line)
            return
        match = _SIZE_LINE.fullmatch(line)
        if match is None:  # R18, section 7.1
            raise MalformedBody("a chunk's size must be a hexadecimal number")
        self._extension_bytes += len(match[2] or b"")
        if self._extension_bytes > MAX_EXTENSION_BYTES:  # R18, section 7.1.1
            raise _too_many_extensions()
        size = int(match[1], 16)
        if size > MAX_CHUNK_BYTES:
            raise MalformedBody(f"a chunk is larger than {MAX_CHUNK_BYTES} bytes")
        if size:
            self._left = size + 2
        else:
            self._in_trailer = True

    def _trailer_line(self, line: bytes) -> None:
        if not line:
            self.complete = True
            return
        self._trailer_lines += 1
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MAX_TRAILER_BYTES or self._trailer_lines > MAX_FIELDS:
            raise MalformedBody(
                f"the trailer fields are more than {MAX_FIELDS} or longer than {MAX_TRAILER_BYTES} bytes"
            )
        try:  # R19, section 7.1.2: checked, and dropped
            parse_lines(b"\r\n" + line, max_fields=1)
        except MalformedField as error:
            raise MalformedBody(str(error)) from None


def _too_many_extensions() -> TooManyExtensions:
    return TooManyExtensions(f"the chunk extensions are longer than {MAX_EXTENSION_BYTES} bytes")
