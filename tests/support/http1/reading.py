"""Reads messages as the gateway does, from bytes that arrive in one piece or in several."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.http1.body import BodyDecoder, MalformedBody
from gateway.http1.framing import request_body
from gateway.http1.head_reader import HeadReader
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.http1.response import BadResponse, ResponseHead, ResponseReader, Upgrade

LONG = 600
"""Bytes; of longer payloads only the splits near a beginning or an end are tried one by one."""


@dataclass(slots=True)
class Request:
    head: RequestHead
    content: bytes
    end: int
    """Where in the bytes the first one after it is."""

    @property
    def said(self) -> tuple[object, ...]:
        """All that it says."""
        head = self.head
        lines = [field.line for field in head.fields]
        framing = (head.framing.chunked, head.framing.length, head.keep_alive, head.expects_continue)
        return (head.method, head.target, head.minor_version, head.host, lines, framing, self.content)


@dataclass(slots=True)
class Requests:
    """What was read, up to where `failure` says why no more was; it is empty when there are no more bytes."""

    complete: list[Request] = field(default_factory=list)
    heads: list[RequestHead] = field(default_factory=list)
    """Of these, and of one more whose body ends in no way."""
    failure: str = ""

    @property
    def values(self) -> tuple[object, ...]:
        return [(request.said, request.end) for request in self.complete], bool(self.failure)


@dataclass(slots=True)
class Response:
    head: ResponseHead | None = None
    content: bytes = b""
    complete: bool = False
    until_close: bool = False
    failure: str = ""

    @property
    def values(self) -> tuple[object, ...]:
        """Of a response that fails at last nothing else is said: how much was read before depends on the pieces."""
        if self.failure:
            return ("failed",)
        if self.head is None:
            return (None,)
        head = self.head
        lines = [field.line for field in head.fields]
        return (head.status, lines, head.keep_alive, self.content, self.complete, self.until_close)


def pieces(raw: bytes, cuts: Iterable[int]) -> list[bytes]:
    bounds = sorted({0, len(raw), *(cut for cut in cuts if 0 < cut < len(raw))})
    return [raw[start:end] for start, end in pairwise(bounds)]


def split_points(raw: bytes) -> list[int]:
    """Every byte of a usual payload; of a long one its ends, and some between."""
    if len(raw) <= LONG:
        return list(range(1, len(raw)))
    ends = {*range(1, 100), *range(len(raw) - 60, len(raw))}
    return sorted(ends | set(range(100, len(raw), max(1, len(raw) // 20))))


def read_requests(parts: Iterable[bytes]) -> Requests:
    """Raises nothing but what a fault in `gateway.http1` raises."""
    heads, result = HeadReader(), Requests()
    head: RequestHead | None = None
    body: BodyDecoder | None = None
    content, position = b"", 0
    try:
        for data in parts:
            position += len(data)
            while data:
                if body is None:
                    head, data = heads.feed(data)
                    if head is None:
                        break
                    result.heads.append(head)
                    content, body = b"", request_body(head.framing)
                else:
                    more, data = body.feed(data)
                    content += more
                if head is not None and (body is None or body.complete):
                    result.complete.append(Request(head, content, position - len(data)))
                    head = body = None
    except BadRequest as error:
        result.failure = error.code
    except MalformedBody:
        result.failure = "malformed_body"
    return result


def read_response(parts: Iterable[bytes], method: str = "GET", upgrade: Upgrade | None = None) -> Response:
    """The same of a response to `method`; `upgrade`: what the request offered to switch to."""
    reader, result = ResponseReader(method, upgrade), Response()
    try:
        for data in parts:
            head, content = reader.feed(data)
            result.head = head or result.head
            result.content += content
    except BadResponse as error:
        result.failure = str(error)
    result.complete, result.until_close = reader.complete, reader.until_close
    return result
