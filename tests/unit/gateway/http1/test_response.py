"""An upstream's answer, as plain values. (The fault suite sends the same and more over a socket.)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.response import BadResponse, ResponseReader
from tests.support.http1.response_payloads import BAD_RESPONSES

OK = b"HTTP/1.1 200 OK\r\n"
SOUND = {
    "length": (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
    "interim": (b"HTTP/1.1 103 X\r\nLink: y\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
}


def read(raw: bytes, *, method: str = "GET", step: int = 0) -> tuple[ResponseReader, bytes]:
    reader, content = ResponseReader(method), b""
    step = step or max(1, len(raw))
    for start in range(0, len(raw), step):
        content += reader.feed(raw[start : start + step])[1]
    return reader, content


@pytest.mark.parametrize("name", BAD_RESPONSES)
@pytest.mark.parametrize("step", [0, 7])
def test_a_response_with_two_readings_is_none(name: str, step: int) -> None:
    with pytest.raises(BadResponse):
        read(BAD_RESPONSES[name], step=step)


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("step", [0, 1, 2, 7])
def test_a_sound_response_is_read_however_it_is_cut(name: str, step: int) -> None:
    raw, body = SOUND[name]
    reader, content = read(raw, step=step)
    assert (content, reader.complete) == (body, True)
    assert reader.head is not None
    assert reader.head.status in (200, 204)


def test_the_response_to_head_has_no_body() -> None:
    reader, content = read(OK + b"Content-Length: 5\r\n\r\n", method="HEAD")
    assert (content, reader.complete) == (b"", True)


def test_a_body_without_a_length_lasts_until_the_end_of_the_connection() -> None:
    reader, content = read(OK + b"\r\nhello")
    assert (content, reader.complete, reader.until_close) == (b"hello", False, True)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_response_or_a_refusal(raw: bytes) -> None:
    for data in (raw, OK + raw, OK + b"Transfer-Encoding: chunked\r\n\r\n" + raw):
        try:
            read(data)
        except BadResponse:
            continue
