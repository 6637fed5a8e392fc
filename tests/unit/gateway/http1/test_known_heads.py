"""A head that comes again byte for byte is read as for the first time, and its secret is not cached."""

import pytest

from gateway.http1 import known_heads
from gateway.http1.bounded_cache import BoundedCache
from gateway.http1.known_heads import MAX_DIGESTED_BYTES, cache_head, read_head
from gateway.http1.request import parse_head
from gateway.http1.request_head import RequestHead

Heads = BoundedCache[bytes, object]
LINE = b"GET /v2.0/site HTTP/1.1"
HOST = b"Host: gateway.example"
TOKEN = b"Authorization: Bearer eysecret"


@pytest.fixture(autouse=True)
def cached(monkeypatch: pytest.MonkeyPatch) -> Heads:
    heads: Heads = BoundedCache(3)
    monkeypatch.setattr(known_heads, "_cache", heads)
    return heads


def raw_of(*fields: bytes, line: bytes = LINE) -> bytes:
    return b"\r\n".join((line, *fields))


def seen(head: RequestHead) -> object:
    fields = [(field.name, field.value, field.line) for field in head.fields]
    framing = head.framing.length, head.framing.chunked, head.keep_alive, head.expects_continue
    return (
        head.method,
        head.target,
        head.minor_version,
        head.host,
        head.authorization,
        head.first("x-api-token"),
        head.position,
        fields,
        framing,
    )


@pytest.mark.parametrize(
    "raw",
    [
        raw_of(HOST, TOKEN),
        raw_of(TOKEN, HOST, b"Accept: */*"),
        raw_of(HOST, b"Accept: */*", TOKEN + b" \t"),
        raw_of(HOST, TOKEN, b"Content-Length: 3", line=b"POST /v2.0/site HTTP/1.1"),
        raw_of(HOST, TOKEN, b"Connection: close"),
        raw_of(HOST, b"authorization: Bearer eysecret"),
        raw_of(HOST, b"X-Api-Token: secret"),
        raw_of(HOST, b"x-api-token: secret\t", b"Content-Length: 3", line=b"POST /v2.0/site HTTP/1.1"),
    ],
)
def test_a_head_that_is_cached_is_read_as_for_the_first_time(raw: bytes, cached: Heads) -> None:
    first = read_head(raw)
    expected = seen(parse_head(raw))
    assert cache_head(first)
    again = read_head(raw)
    assert len(cached) == 1
    assert again is not first
    assert (seen(first), seen(again)) == (expected, expected)
    assert again.digest == first.digest


@pytest.mark.parametrize(
    "raw",
    [
        raw_of(HOST),
        raw_of(HOST, b"AUTHORIZATION: Bearer eysecret"),
        raw_of(HOST, b"X-API-Token: secret"),
        raw_of(HOST, b"X-Api-Token: secret", b"X-Api-Token: secret"),
        raw_of(HOST, b"X-Api-Token: secret", b"Cookie: secret"),
        raw_of(HOST, b"Authorization: Basic secret"),
        raw_of(HOST, b"Authorization:  Bearer eysecret"),
        raw_of(HOST, TOKEN, line=b"GET /v2.0/site?apitoken=secret HTTP/1.1"),
        raw_of(HOST, TOKEN, b"X-Api-Token: secret"),
        raw_of(HOST, TOKEN, b"traceparent: 00-1-2-01"),
        raw_of(HOST, TOKEN, line=b"GET /v2.0/site HTTP/1.0"),
        raw_of(HOST, TOKEN, line=b"GET http://gateway.example/v2.0/site HTTP/1.1"),
        raw_of(TOKEN, line=b"GET http://gateway.example/v2.0/site HTTP/1.0"),
        raw_of(HOST, TOKEN, line=b"GET /" + b"a" * 200 + b" HTTP/1.1"),
        raw_of(HOST, TOKEN + b"t" * MAX_DIGESTED_BYTES),
    ],
)
def test_what_may_hold_a_secret_or_differs_each_time_is_not_cached(raw: bytes, cached: Heads) -> None:
    assert not cache_head(read_head(raw))
    assert not cached
    assert seen(read_head(raw)) == seen(parse_head(raw))


def test_what_nobody_has_accepted_takes_no_place(cached: Heads) -> None:
    for number in range(10):
        read_head(raw_of(HOST, TOKEN + b"%d" % number))
    assert not cached


def test_the_credential_is_not_cached_and_their_number_is_bounded(cached: Heads) -> None:
    for number in range(10):
        assert cache_head(read_head(raw_of(HOST, TOKEN + b"%d" % number)))
        assert len(cached) <= 3
    assert "secret" not in repr([(key, value) for key, value in cached.items()])


def test_one_byte_more_is_another_head(cached: Heads) -> None:
    assert cache_head(read_head(raw_of(HOST, TOKEN)))
    assert read_head(raw_of(HOST, TOKEN + b"2")).authorization == "Bearer eysecret2"
