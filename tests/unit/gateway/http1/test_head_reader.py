"""However the bytes of a connection are cut into pieces, the same requests come out of them."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.body import MalformedBody
from gateway.http1.framing import request_body
from gateway.http1.head_reader import HeadReader
from gateway.http1.request import BadRequest
from tests.support.http1.framing_payloads import CHUNKS, FORWARDED, REFUSED, chunked, get, head

STREAM = (
    get()
    + head(b"Content-Length: 5")
    + b"hello"
    + chunked(b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n")
    + b"\r\n"
    + get(b"GET /last HTTP/1.1")
)
JUDGED_WITH_THE_TARGET = ("line: a fragment", "line: without a scheme")
REQUESTS = [("/echo", b""), ("/echo", b"hello"), ("/echo", b"hello world"), ("/last", b"")]


def read(pieces: list[bytes]) -> tuple[list[tuple[str, bytes]], str]:
    """The complete requests in the pieces, and why reading ended early, if it did."""
    heads, done = HeadReader(), []
    target, content, body = "", b"", None
    try:
        for data in pieces:
            while data:
                if body is None:
                    head, data = heads.feed(data)
                    if head is None:
                        break
                    target, content, body = head.target, b"", request_body(head.framing)
                else:
                    more, data = body.feed(data)
                    content += more
                if body is None or body.complete:
                    done.append((target, content))
                    body = None
    except BadRequest as error:
        return done, error.code
    except MalformedBody:
        return done, "malformed_body"
    return done, ""


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_the_cuts_make_no_difference(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(bounds) if start < end]
    assert read(pieces) == (REQUESTS, "")


def test_byte_by_byte_makes_no_difference() -> None:
    assert read([STREAM[index : index + 1] for index in range(len(STREAM))]) == (REQUESTS, "")


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in JUDGED_WITH_THE_TARGET])
def test_a_refused_request_is_refused_byte_by_byte_too(name: str) -> None:
    payload = REFUSED[name][:30_000] + get(b"GET /after HTTP/1.1")
    done, why = read([payload[index : index + 1] for index in range(len(payload))])
    assert done == []
    assert why


@pytest.mark.parametrize("name", FORWARDED)
def test_a_sound_request_is_read_byte_by_byte_too(name: str) -> None:
    payload, body = FORWARDED[name]
    done, why = read([payload[index : index + 1] for index in range(len(payload))])
    assert ([content for _, content in done], why) == ([body], "")


@pytest.mark.parametrize("name", CHUNKS)
def test_a_broken_body_never_ends(name: str) -> None:
    assert read([CHUNKS[name]])[0] == []


@given(st.binary(max_size=400), st.integers(1, 400))
def test_any_bytes_are_requests_or_a_refusal(raw: bytes, cut: int) -> None:
    for data in (raw, chunked(raw), STREAM + raw):
        assert read([data]) == read([data[:cut], data[cut:]] if data[cut:] else [data])


@pytest.mark.parametrize(
    "payload",
    [
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + b"X: y\r\n" * 2700,
        chunked(b"5;" + b"a" * 1000),
        chunked(b"0\r\n" + b"X: y\r\n" * 1300),
        chunked(b"1\r\nx\r\n" * 3000),
    ],
)
def test_a_dripped_request_costs_no_more_than_its_length(payload: bytes) -> None:
    started = time.process_time()
    read([payload[index : index + 1] for index in range(len(payload))])
    assert time.process_time() - started < 10  # a tenth of that; reading anew at each byte takes minutes
