"""An upstream's response, as plain values. (The fault suite sends the same and more over a socket.)"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.forwarding.headers import client_lines
from gateway.http1 import fields
from gateway.http1.response import MAX_HEAD_BYTES, BadResponse, ResponseReader, parse_response_head
from tests.support.cases import each_case
from tests.support.http1 import near_valid
from tests.support.http1.framing_payloads import BAD_RESPONSES, RESPONSES
from tests.support.http1.framing_payloads.connections import R22_LAST_RESPONSES, R22_REUSABLE_RESPONSES
from tests.support.http1.framing_payloads.messages import OK, OK_CHUNKED, OK_WITH_BODY
from tests.support.http1.framing_payloads.responses import BAD_RESPONSES_TO_HEAD
from tests.support.http1.invariants import check_response
from tests.support.http1.reading import pieces, read_response, split_points


@each_case("name", BAD_RESPONSES)
def test_a_response_with_two_readings_is_none_wherever_it_is_cut(name: str) -> None:
    raw = BAD_RESPONSES[name]
    assert read_response([raw]).failure
    for cut in split_points(raw):
        assert read_response(pieces(raw, [cut])).failure, f"cut at {cut}"
    assert read_response(pieces(raw[:5000], range(5000))).failure or len(raw) > 5000


@each_case("name", RESPONSES)
def test_a_valid_response_is_the_same_wherever_it_is_cut(name: str) -> None:
    raw, content, method = RESPONSES[name]
    whole = read_response([raw], method)
    assert (whole.content, whole.failure, whole.complete or whole.until_close) == (content, "", True)
    for cuts in (range(len(raw)), *([cut] for cut in split_points(raw))):
        assert read_response(pieces(raw, cuts), method).values == whole.values


@pytest.mark.parametrize("beginning", [b"<", b"HTTP/2", b"HTTP/1.1 200 OK\n", OK + b"X: \0", OK + b"y" * 70_000])
def test_what_cannot_become_a_response_is_refused_before_its_end(beginning: bytes) -> None:
    assert read_response([beginning]).failure


@pytest.mark.parametrize("name", BAD_RESPONSES_TO_HEAD)
def test_no_body_follows_the_response_to_head(name: str) -> None:
    assert read_response([BAD_RESPONSES_TO_HEAD[name]], "HEAD").failure


@pytest.mark.parametrize("name", [name for name in RESPONSES if name.startswith("R17")])
def test_a_body_without_a_length_lasts_until_the_end_of_the_connection(name: str) -> None:
    response = read_response([RESPONSES[name].raw])
    assert (response.complete, response.until_close) == (False, True)


@pytest.mark.parametrize("name", [*R22_REUSABLE_RESPONSES, *R22_LAST_RESPONSES])
def test_a_connection_is_kept_when_the_upstream_keeps_it(name: str) -> None:
    response = read_response([(R22_REUSABLE_RESPONSES | R22_LAST_RESPONSES)[name]])
    assert response.head is not None
    assert response.head.keep_alive is (name in R22_REUSABLE_RESPONSES)


def test_the_longest_head_is_the_same_wherever_it_is_cut() -> None:
    lines = b"X: %b\r\n" % (b"y" * 10_000) * 6
    for length, valid in ((MAX_HEAD_BYTES, True), (MAX_HEAD_BYTES + 1, False)):
        start = OK + lines + b"Content-Length: 5\r\n"
        raw = start + b"X: " + b"y" * (length - len(start) - 3) + b"\r\n\r\nhello"
        for cut in range(len(raw) - 12, len(raw)):
            assert (read_response(pieces(raw, [cut])).failure == "") is valid


class _CountingPattern:
    """Adds up how many bytes it was given to look at."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        self.looked_at = 0

    def search(self, data: bytearray, position: int = 0) -> re.Match[bytes] | None:
        self.looked_at += len(data) - position
        return self._pattern.search(data, position)


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_of_a_dripped_head_no_byte_is_looked_at_many_times(before: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = _CountingPattern(fields._BARE)
    monkeypatch.setattr(fields, "_BARE", counting)
    raw = before + OK + b"X: %b\r\n" % (b"y" * 1000) * 60 + b"Content-Length: 0\r\n\r\n"
    reader = ResponseReader("GET")
    buffer = reader._buffer
    for piece in pieces(raw, range(len(raw))):
        reader.feed(piece)
    assert reader.complete
    assert reader._buffer is buffer, "a buffer that is made anew at each piece is copied as often"
    assert counting.looked_at <= 5 * len(raw)


@given(near_valid.responses(), st.sampled_from(("GET", "HEAD")), near_valid.cuts())
def test_what_is_nearly_valid_is_read_in_one_way(raw: bytes, method: str, cuts: list[int]) -> None:
    check_response(raw, method, cuts)


@given(st.binary(max_size=300), st.integers(1, 300))
def test_any_bytes_are_a_response_or_a_refusal(raw: bytes, cut: int) -> None:
    for data in (raw, OK + raw, OK_CHUNKED + raw, OK_WITH_BODY + raw):
        check_response(data, "GET", [cut])


def lines(head: bytes) -> list[str]:
    """What a client gets of it."""
    return client_lines(parse_response_head(head), request_id="own")


@pytest.mark.parametrize("name", [b"X-Request-Id", b"x-request-id", b"X-Request-ID"])
@pytest.mark.parametrize("place", ["first", "last"])
def test_heads_that_differ_in_the_request_id_alone_are_read_once(name: bytes, place: str) -> None:
    others = [b"Date: Sat, 28 Nov 2026 10:00:00 GMT", b"Content-Length: 3"]

    def head(value: bytes) -> bytes:
        sent = b"%b: %b" % (name, value)
        return b"\r\n".join([b"HTTP/1.1 200 OK", *([sent, *others] if place == "first" else [*others, sent])])

    assert parse_response_head(head(b"a")) is parse_response_head(head(b"b"))
    assert lines(head(b"a")) == [others[0].decode(), "X-Request-Id: own"]
    assert parse_response_head(head(b"a")).content_length == 3


@pytest.mark.parametrize(
    "line",
    [
        b"X-Request-Id:a",
        b"X-Request-Id: a b",
        b"X-REQUEST-ID: a",
        b"X-Request-Id: \xff",
        b"X-Request-Id: a\r\nX-Request-Id: b",
    ],
)
def test_an_id_that_is_written_otherwise_or_twice_reaches_no_client_either(line: bytes) -> None:
    assert lines(OK + line + b"\r\nDate: x") == ["Date: x", "X-Request-Id: own"]


@pytest.mark.parametrize(
    "line", [b"X-Request-Id: a\r\n b", b"X-Request-Id: a\rb", b"X-Request-Id : a", b"X-Request-Id"]
)
def test_what_is_no_field_is_refused_with_an_id_in_it(line: bytes) -> None:
    with pytest.raises(BadResponse):
        parse_response_head(OK + line)
