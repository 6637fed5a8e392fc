"""What is written is read again as what it was."""

import pytest

from gateway.http1 import writer
from gateway.http1.request import parse_head
from gateway.http1.response import ResponseReader


@pytest.mark.parametrize(("length", "chunked"), [(None, False), (0, False), (7, False), (None, True)])
def test_a_request_says_in_one_way_where_its_body_ends(length: int | None, chunked: bool) -> None:
    raw = writer.request_head("POST", "/a?b", ["Host: a", "X-A: 1\r\nX-B: 2"], length=length, chunked=chunked)
    assert raw.endswith(b"\r\n\r\n")
    head = parse_head(raw[:-4])
    assert (head.method, head.target, head.host, head.values("x-b")) == ("POST", "/a?b", "a", ["2"])
    assert (head.content_length, head.framing.chunked) == (length, chunked)


@pytest.mark.parametrize("close", [False, True])
def test_a_response_says_whether_the_connection_goes_on(close: bool) -> None:
    raw = writer.response_head(404, ["ETag: x", writer.date_line()], length=2, chunked=False, close=close)
    head, content = ResponseReader("GET").feed(raw + b"ab")
    assert head is not None
    assert (head.status, head.keep_alive, content) == (404, not close, b"ab")
    assert raw.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_a_status_that_has_no_phrase_has_its_blank() -> None:
    assert writer.response_head(299, [], length=None, chunked=False, close=False).startswith(b"HTTP/1.1 299 \r\n")


def test_no_content_is_no_chunk() -> None:
    reader = ResponseReader("GET")
    raw = writer.response_head(200, [], length=None, chunked=True, close=False)
    reader.feed(raw + writer.chunk(b"") + writer.chunk(b"hello"))
    assert not reader.complete
    reader.feed(writer.LAST_CHUNK)
    assert reader.complete
