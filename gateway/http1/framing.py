"""Where a message's body ends: decided here and nowhere else (RFC 9112 section 6.3).

The rules R1 to R23 are marked wherever one is held, here and in other modules; docs/framing.md lists them. The
payloads that try each of them are in tests/support/http1/framing_payloads, under the same name.
"""

import re
from functools import lru_cache

from gateway.http1.body import CHUNKS_AT_A_TIME, BodyDecoder, ChunkedDecoder, LengthDecoder, UntilCloseDecoder

_REQUEST_LENGTH = re.compile(r"[0-9]{1,15}")
_RESPONSE_LENGTH = re.compile(r"[0-9]{1,18}")


class MalformedFraming(ValueError):
    """Where the body ends could be read in two ways, or in none; the error's text says why."""


class Framing:
    """How a message says where its body ends; never changed. `length`: bytes; None when it is not said."""

    __slots__ = ("chunked", "length")

    def __init__(self, length: int | None, *, chunked: bool) -> None:
        self.length = length
        self.chunked = chunked


UNFRAMED = Framing(None, chunked=False)
_CHUNKED = Framing(None, chunked=True)


def request_framing(encodings: list[str], lengths: list[str], *, minor: int) -> Framing:
    """Of a request with these Transfer-Encoding and Content-Length fields. Raises `MalformedFraming`."""
    return _framing(encodings, lengths, minor, _REQUEST_LENGTH)


def response_framing(encodings: list[str], lengths: list[str], *, minor: int) -> Framing:
    """The same of a response."""
    return _framing(encodings, lengths, minor, _RESPONSE_LENGTH)


def _framing(encodings: list[str], lengths: list[str], minor: int, number: re.Pattern[str]) -> Framing:
    if encodings:
        if lengths:  # R10, RFC 9112 section 6.1
            raise MalformedFraming("it has a content-length and a transfer-encoding")
        if minor == 0:  # R11, section 6.1
            raise MalformedFraming("it has a transfer-encoding, in HTTP/1.0")
        if len(encodings) > 1 or encodings[0].lower() != "chunked":  # R12, section 6.1
            raise MalformedFraming("its transfer-encoding is not chunked")
        return _CHUNKED
    if not lengths:
        return UNFRAMED
    if len(lengths) > 1 or number.fullmatch(lengths[0]) is None:  # R13, RFC 9110 section 8.6
        raise MalformedFraming("its content-length is not one number")
    return _of_length(int(lengths[0]))


@lru_cache(maxsize=4096)
def _of_length(length: int) -> Framing:
    return Framing(length, chunked=False)


def request_body(framing: Framing) -> BodyDecoder | None:
    """What reads the body; None when there is none to come."""
    if framing.chunked:
        return ChunkedDecoder(CHUNKS_AT_A_TIME)
    return LengthDecoder(framing.length) if framing.length else None  # R14, section 6.3


def response_body(framing: Framing, *, status: int, method: str) -> BodyDecoder | None:
    """The same for the response to a request of `method`. Raises `MalformedFraming` for a 204 with a body."""
    if status == 204 and (framing.chunked or framing.length):  # R15, section 6.1
        raise MalformedFraming("its status is 204 and it has a body")
    if method == "HEAD" or status in (204, 304):  # R15, section 6.3
        return None
    if framing.chunked:
        return ChunkedDecoder()
    if framing.length is None:
        return UntilCloseDecoder()  # R17, section 6.3
    return LengthDecoder(framing.length) if framing.length else None
