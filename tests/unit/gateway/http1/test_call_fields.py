"""Fields of one call are read as all others are, and a head that differs in nothing else has come before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1 import field_block, known_heads
from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.call_fields import MAX_CALL_FIELDS, cut_call_fields
from gateway.http1.fields import MAX_FIELDS, OF_ONE_CALL
from gateway.http1.head_reader import HeadReader
from gateway.http1.known_heads import cache_head, read_head
from gateway.http1.request import BadRequest, parse_head
from gateway.http1.request_head import RequestHead

HEAD = b"GET /v2.0/site HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer eyJ"
LINES = [
    b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    b"Traceparent: 00-1-2-01",
    b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678",
    b"X-Request-ID: a b",
    b"x-request-id:a",
    b"x-request-id:  a",
    b"x-request-id: a ",
    b"x-request-id: a\tb",
    b"x-request-id: ",
    b"x-request-id: \xff",
    b"x-request-id : a",
    b"x_request_id: a",
    b"x-request-id: a\rb",
    b"x-request-ida: a",
    b" x-request-id: a",
    b"Connection: X-Request-Id",
    b"Content-Length: 0",
    b"Accept: */*",
    b"Accept: text/html",
]


def seen(head: RequestHead) -> object:
    """All that is read of it; of fields that differ in name the order says nothing (RFC 9110 section 5.3)."""
    fields = {name: [field.line for field in head.fields if field.name == name] for name in names(head)}
    values = {name: (head.first(name), head.values(name)) for name in names(head)}
    return (
        head.method,
        head.target,
        head.host,
        head.authorization,
        fields,
        values,
        head.keep_alive,
        head.framing.length,
    )


def names(head: RequestHead) -> set[str]:
    return {field.name for field in head.fields} | OF_ONE_CALL


def read(raw: bytes, *, varies: bool) -> object:
    try:
        return seen(read_head(raw, varies=varies) if varies else parse_head(raw))
    except BadRequest as error:
        return error.status, error.code


@given(before=st.lists(st.sampled_from(LINES), max_size=3), after=st.lists(st.sampled_from(LINES), max_size=5))
def test_a_head_without_its_call_fields_is_read_as_with_them(before: list[bytes], after: list[bytes]) -> None:
    first, *others = HEAD.split(b"\r\n")
    raw = b"\r\n".join((first, *before, *others, *after))
    assert read(raw, varies=True) == read(raw, varies=False)
    assert read(raw, varies=True) == read(raw, varies=False), "when it comes again"


@pytest.mark.parametrize("count", [MAX_CALL_FIELDS, MAX_CALL_FIELDS + 1, MAX_FIELDS - 2, MAX_FIELDS - 1])
def test_the_number_of_fields_is_bounded_with_them(count: int) -> None:
    raw = HEAD + b"\r\ncf-ray: 1" * count
    assert read(raw, varies=True) == read(raw, varies=False)
    full = HEAD + b"".join(b"\r\nx-%d: 1" % number for number in range(MAX_FIELDS - 3))
    for number in range(4):
        again = full + b"\r\ncf-ray: 1" * number
        assert read(again, varies=True) == read(again, varies=False)


def test_what_is_left_without_them_is_the_same_each_time() -> None:
    rests = {
        cut_call_fields(HEAD + b"\r\nTraceparent: %d\r\nAccept: */*\r\ncf-ray: %d" % (n, n))[0] for n in (1, 2)
    }
    assert rests == {HEAD + b"\r\nAccept: */*"}


def test_the_next_heads_of_a_connection_are_known_whatever_their_call_fields(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_heads, "_cache", BoundedCache(9))
    monkeypatch.setattr(field_block, "_cache", BoundedCache(9))
    reader = HeadReader()
    heads = []
    for number in range(4):
        head, rest = reader.feed(HEAD + b"\r\nX-Amzn-Trace-Id: Root=%d\r\n\r\n" % number)
        assert head is not None
        heads.append(head)
        assert rest == b""
        assert head.values("x-amzn-trace-id") == [f"Root={number}"]
        assert cache_head(head) is (number > 0)
    assert heads[1].digest == heads[2].digest == heads[3].digest
    assert heads[2].block is heads[3].block
