"""However a response is cut up, it is read alike; what does not certainly end where it seems to is refused."""

from collections.abc import Iterator

import pytest

from shared.http.calls.response import (
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    MAX_INTERIM_RESPONSES,
    InvalidResponse,
    ResponseReader,
    ResponseTooLarge,
)

LIMIT = 1000
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\n"

COMPLETE = {
    "a length": (OK + b"Content-Length: 5\r\n\r\nhello", 200, b"hello", True),
    "no body": (OK + b"Content-Length: 0\r\n\r\n", 200, b"", True),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b"", True),
    "chunks": (CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", 200, b"hello", True),
    "chunks, a trailer": (CHUNKED + b"5\r\nhello\r\n0\r\nA: b\r\n\r\n", 200, b"hello", True),
    "chunked in capitals": (
        OK + b"TRANSFER-ENCODING: Chunked\r\n\r\n1\r\nh\r\n0\r\n\r\n",
        200,
        b"h",
        True,
    ),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b"", True),
    "after interim ones": (EARLY * 2 + OK + b"Content-Length: 2\r\n\r\nhi", 200, b"hi", True),
    "early hints": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
        200,
        b"hi",
        True,
    ),
    "204 with a length": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, b"", False),
    "204 in chunks": (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 204, b"", False),
    "the last one": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "the last one, in a list": (OK + b"Connection: x, Close\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", False),
    "an offer to upgrade": (
        b"HTTP/1.1 426 Upgrade\r\nUpgrade: a\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nhi",
        426,
        b"hi",
        True,
    ),
}
UNTIL_CLOSE = {
    "HTTP/1.1": OK + b"A: b\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "close": OK + b"Connection: close\r\n\r\nhello",
}
LENGTH = b"Content-Length: 0\r\n\r\n"
INVALID = {
    "no HTTP": b"garbage\r\n\r\n",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x46",
    "an empty line before it": b"\r\n" + OK + LENGTH,
    "a request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "another protocol": b"RTSP/1.0 200 OK\r\n" + LENGTH,
    "SHOUTcast": b"ICY 200 OK\r\n" + LENGTH,
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\n" + LENGTH,
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\n" + LENGTH,
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\n" + LENGTH,
    "a status of two digits": b"HTTP/1.1 20 OK\r\n" + LENGTH,
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n" + LENGTH,
    "a status below 100": b"HTTP/1.1 099 OK\r\n" + LENGTH,
    "an upgrade that nobody wants": b"HTTP/1.1 101 Switching\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
    "101 alone": b"HTTP/1.1 101 Switching\r\n\r\n" + OK + LENGTH,
    "an interim one with a body": b"HTTP/1.1 150 A\r\nContent-Length: 2\r\n\r\nhi" + OK + LENGTH,
    "an interim one in chunks": b"HTTP/1.1 199 A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + OK,
    "lone LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "lone CR": b"HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n",
    "NUL": OK + b"A: b\0c\r\n" + LENGTH,
    "a space before the colon": OK + b"Content-Length : 0\r\n\r\n",
    "no name": OK + b": a\r\n" + LENGTH,
    "a folded line": OK + b"A: b\r\n c\r\n" + LENGTH,
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\nhi",
    "a signed length": OK + b"Content-Length: +2\r\n\r\nhi",
    "a negative length": OK + b"Content-Length: -2\r\n\r\nhi",
    "an empty length": OK + b"Content-Length:\r\n\r\n",
    "an overflowing length": OK + b"Content-Length: 99999999999999999999\r\n\r\n",
    "length and chunks": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "another coding": OK + b"Transfer-Encoding: gzip\r\n\r\nabc",
    "another coding, in chunks": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then something": OK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "nearly chunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk's size is none": CHUNKED + b"x\r\n",
    "a chunk's size overflows": CHUNKED + b"fffffffffffffffff\r\n",
    "a chunk goes on": CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",
    "a chunk's line ends by LF": CHUNKED + b"2\nhi\r\n0\r\n\r\n",
}


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """In one piece, in two at each place, byte by byte."""
    yield [data]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]
    yield [data[at : at + 1] for at in range(len(data))]


def fed(reader: ResponseReader, pieces: list[bytes]) -> None:
    reader.begin()
    for piece in pieces:
        reader.feed(piece)


@pytest.mark.parametrize(("data", "status", "body", "reusable"), COMPLETE.values(), ids=COMPLETE)
def test_a_complete_response(data: bytes, status: int, body: bytes, reusable: bool) -> None:
    for pieces in cuts(data):
        reader = ResponseReader(LIMIT)
        fed(reader, pieces[:-1])
        assert not reader.complete, pieces
        reader.feed(pieces[-1])
        assert reader.complete, pieces
        assert reader.response is not None
        assert (reader.response.status, reader.response.body, reader.reusable) == (status, body, reusable), pieces
        assert not reader.until_close


@pytest.mark.parametrize("data", UNTIL_CLOSE.values(), ids=UNTIL_CLOSE)
def test_a_response_without_a_length_ends_with_the_connection(data: bytes) -> None:
    for pieces in cuts(data):
        reader = ResponseReader(LIMIT)
        fed(reader, pieces)
        assert not reader.complete
        assert reader.until_close
        reader.end()
        assert reader.complete
        assert not reader.reusable
        assert reader.response is not None
        assert reader.response.body == b"hello"


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
def test_what_is_no_response_or_has_no_certain_end_is_refused(data: bytes) -> None:
    for pieces in cuts(data):
        with pytest.raises(InvalidResponse):
            fed(ResponseReader(LIMIT), pieces)


@pytest.mark.parametrize("data", [case[0] for case in COMPLETE.values()], ids=COMPLETE)
def test_one_that_is_cut_off_is_not_complete_and_does_not_end_with_the_connection(data: bytes) -> None:
    for at in range(1, len(data)):
        reader = ResponseReader(LIMIT)
        fed(reader, [data[:at]])
        assert not reader.complete
        assert not reader.until_close


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 200 OK\r\n", OK + LENGTH, b"\x00"])
@pytest.mark.parametrize("data", [COMPLETE["a length"][0], COMPLETE["chunks"][0], COMPLETE["204"][0]])
def test_what_follows_a_response_ends_the_connection_and_not_the_response(data: bytes, surplus: bytes) -> None:
    reader = ResponseReader(LIMIT)
    fed(reader, [data + surplus])
    assert reader.complete
    assert not reader.reusable
    assert reader.response is not None
    assert reader.response.status in (200, 204)


def test_one_reader_reads_one_response_after_another() -> None:
    reader = ResponseReader(LIMIT)
    for _ in range(3):
        for data, status, body, reusable in COMPLETE.values():
            if reusable:
                fed(reader, [data])
                assert reader.response is not None
                assert (reader.response.status, reader.response.body) == (status, body)


def test_fields_are_found_in_any_case_and_repeated_ones_are_joined() -> None:
    reader = ResponseReader(LIMIT)
    fed(reader, [OK + b"Retry-After: 3\r\nA: b\r\na: c\r\nX: \xe9\r\n" + LENGTH])
    assert reader.response is not None
    fields = reader.response.fields
    assert (fields["RETRY-AFTER"], fields.get("retry-after"), fields["A"]) == ("3", "3", "b, c")
    assert fields.get("absent") is None
    assert "CONTENT-LENGTH" in fields
    assert dict(fields) == {"retry-after": "3", "a": "b, c", "x": "\u00e9", "content-length": "0"}


def test_a_trailer_is_no_field() -> None:
    reader = ResponseReader(LIMIT)
    fed(reader, [COMPLETE["chunks, a trailer"][0]])
    assert reader.response is not None
    assert "A" not in reader.response.fields


def test_the_head_is_shown_before_the_body_has_come() -> None:
    shown: list[int] = []
    reader = ResponseReader(LIMIT)
    reader.begin(lambda response: shown.append(response.status))
    reader.feed(EARLY + OK + b"Content-Length: 5\r\n\r\n")
    assert shown == [200]
    assert not reader.complete


# Bounds


def test_a_body_of_the_limit_is_read_and_a_byte_more_is_not() -> None:
    for size in (LIMIT, LIMIT + 1):
        for data in (
            OK + b"Content-Length: %d\r\n\r\n" % size + bytes(size),
            CHUNKED + b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n",
            OK + b"\r\n" + bytes(size),
        ):
            reader = ResponseReader(LIMIT)
            if size > LIMIT:
                with pytest.raises(ResponseTooLarge):
                    fed(reader, [data])
            else:
                fed(reader, [data])


def test_a_length_beyond_the_limit_is_refused_before_the_body_comes() -> None:
    with pytest.raises(ResponseTooLarge):
        fed(ResponseReader(LIMIT), [OK + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1)])


@pytest.mark.parametrize("fields", [MAX_FIELDS, MAX_FIELDS + 1])
def test_the_number_of_fields_is_bounded(fields: int) -> None:
    data = OK + b"A: b\r\n" * (fields - 1) + LENGTH
    if fields > MAX_FIELDS:
        with pytest.raises(InvalidResponse):
            fed(ResponseReader(LIMIT), [data])
    else:
        fed(ResponseReader(LIMIT), [data])


@pytest.mark.parametrize(
    "endless",
    [
        OK + b"A: ",
        OK + b"A",
        b"HTTP/1.1 200 ",
        CHUNKED + b"1;",
        CHUNKED + b"1\r\nh\r\n0\r\nA: ",
        CHUNKED + b"1\r\nh\r\n0\r\nA",
    ],
    ids=["a value", "a name", "a reason", "a chunk's extension", "a trailer's value", "a trailer's name"],
)
def test_nothing_but_the_body_is_long(endless: bytes) -> None:
    for size in (1000, 4 * MAX_HEAD_BYTES):
        reader = ResponseReader(LIMIT)
        fed(reader, [endless])
        with pytest.raises(InvalidResponse):
            for _ in range(0, 3 * MAX_HEAD_BYTES, size):
                reader.feed(b"a" * size)


@pytest.mark.parametrize("part", [b"A: %b\r\n", b"%b: a\r\n"])
def test_a_large_field_is_refused_also_when_it_comes_at_once(part: bytes) -> None:
    with pytest.raises(InvalidResponse):
        fed(ResponseReader(LIMIT), [OK + part % (b"a" * MAX_HEAD_BYTES) + b"Content-Length: 1\r\n\r\na"])


def test_interim_responses_are_bounded() -> None:
    fed(ResponseReader(LIMIT), [EARLY * MAX_INTERIM_RESPONSES + OK + LENGTH])
    with pytest.raises(InvalidResponse):
        fed(ResponseReader(LIMIT), [EARLY * (MAX_INTERIM_RESPONSES + 1)])
