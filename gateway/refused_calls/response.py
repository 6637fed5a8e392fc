"""The response to a refused call: a problem (RFC 9457) of which all but the request's id is rendered once."""

import orjson

from gateway.http1.bounded_cache import BoundedCache
from gateway.refused_calls.problems import Fields, Refusal
from shared.error_pages.pages import error_types
from shared.problem import CONTENT_TYPE, problem_document

MAX_CACHED_RESPONSES = 512


class RefusalResponse:
    """What all who are refused alike get. An id of a request needs no quoting: it is made or adopted here."""

    __slots__ = ("_body_before_id", "_fields", "_lines_before_id")

    def __init__(self, refusal: Refusal, type_: str) -> None:
        document = problem_document(refusal.status, refusal.code, refusal.description, request_id="", type_=type_)
        self._body_before_id = orjson.dumps(document).removesuffix(b'"}')
        self._fields = (("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store"), *refusal.fields)
        self._lines_before_id = "\r\n".join(
            [*(f"{name}: {value}" for name, value in self._fields), "X-Request-Id: "]
        )

    def fields(self, request_id: str) -> Fields:
        """All but those that frame the message."""
        return (*self._fields, ("X-Request-Id", request_id))

    def lines(self, request_id: str) -> str:
        """The same as lines of a head, with CRLF between them."""
        return self._lines_before_id + request_id

    def body(self, request_id: str) -> bytes:
        return b'%b%b"}' % (self._body_before_id, request_id.encode())


def response_to(refusal: Refusal) -> RefusalResponse:
    type_ = error_types.of(refusal.code)
    key = (type_, refusal.status, refusal.code, refusal.description, refusal.fields)
    response = _cache.get(key)
    if response is None:
        response = RefusalResponse(refusal, type_)
        _cache.put(key, response)
    return response


def render(refusal: Refusal, request_id: str) -> tuple[Fields, bytes]:
    """The fields, all but those that frame the message, and the body."""
    response = response_to(refusal)
    return response.fields(request_id), response.body(request_id)


_cache: BoundedCache[tuple[str, int, str, str, Fields], RefusalResponse] = BoundedCache(MAX_CACHED_RESPONSES)
