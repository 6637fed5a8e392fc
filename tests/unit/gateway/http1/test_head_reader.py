"""However the bytes of a connection are cut into pieces, the same requests come out of them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cases import each_case
from tests.support.http1 import near_valid
from tests.support.http1.framing_payloads import FAMILIES, FORWARDED, MALFORMED, chunked, get, head
from tests.support.http1.invariants import check_requests
from tests.support.http1.reading import pieces, read_requests, split_points

STREAM = (
    get()
    + head(b"Content-Length: 5")
    + b"hello"
    + chunked(b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n")
    + b"\r\n"
    + get(b"GET /last HTTP/1.1")
)
CONTENTS = [b"", b"hello", b"hello world", b""]
AFTER = get(b"GET /after HTTP/1.1")


def test_requests_one_after_another_are_kept_apart() -> None:
    found = read_requests([STREAM])
    assert ([request.content for request in found.complete], found.failure) == (CONTENTS, "")


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_the_cuts_make_no_difference(cuts: list[int]) -> None:
    assert read_requests(pieces(STREAM, cuts)).values == read_requests([STREAM]).values


@each_case("name", MALFORMED)
def test_a_refused_request_is_refused_wherever_it_is_cut(name: str) -> None:
    payload = MALFORMED[name][:20_000] + AFTER
    assert read_requests([payload]).failure
    for cut in split_points(payload):
        found = read_requests(pieces(payload, [cut]))
        assert (found.complete, bool(found.failure)) == ([], True), f"cut at {cut}"


@each_case("name", MALFORMED)
def test_a_refused_request_is_refused_byte_by_byte(name: str) -> None:
    payload = MALFORMED[name][:30_000] + AFTER
    found = read_requests(pieces(payload, range(len(payload))))
    assert (found.complete, bool(found.failure)) == ([], True)


@each_case(
    "beginning",
    [
        *(b"\n", b"\0", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\rX", b"GET / HTTP/1.1\r\nX: a\nY", b"GE\0"),
        *(b"GET /\r\n", b"TRACE / HTTP/1.1\r\n", b"GET / HTTP/2.0\r\n", b"\r\n\r\n"),
        *(chunked(b"z"), chunked(b"5\n"), chunked(b"5;\0"), chunked(b"1\r\nxy"), chunked(b"0\r\nX: y\nZ")),
        *(chunked(b"0\r\nnothing\r\n"), chunked(b"0\r\n" + b"y" * 9000), chunked(b"5;" + b"y" * 2000)),
        *(b"GET /" + b"a" * 9000, get()[:-2] + b"X: " + b"y" * 17_000),
    ],
)
@each_case("whole", [True, False])
def test_what_cannot_become_a_request_is_refused_before_its_end(beginning: bytes, whole: bool) -> None:
    assert read_requests([beginning] if whole else pieces(beginning, range(len(beginning)))).failure


@each_case("name", FORWARDED)
def test_a_valid_request_is_the_same_wherever_it_is_cut(name: str) -> None:
    payload = FORWARDED[name].raw + AFTER
    whole = read_requests([payload])
    assert [request.content for request in whole.complete] == [FORWARDED[name].content, b""]
    for cuts in (range(len(payload)), *([cut] for cut in split_points(payload))):
        assert read_requests(pieces(payload, cuts)).values == whole.values


@each_case("name", [*FAMILIES["R18"].refused, *FAMILIES["R19"].refused])
def test_a_broken_body_never_ends(name: str) -> None:
    payload = FAMILIES["R18"].refused.get(name) or FAMILIES["R19"].refused[name]
    assert read_requests([payload]).complete == []


@given(near_valid.requests(), near_valid.cuts())
def test_what_is_nearly_valid_is_read_in_one_way(raw: bytes, cuts: list[int]) -> None:
    check_requests(raw, cuts)


@given(st.binary(max_size=400), st.integers(1, 400))
def test_any_bytes_are_requests_or_a_refusal(raw: bytes, cut: int) -> None:
    for data in (raw, chunked(raw), STREAM + raw):
        check_requests(data, [cut])


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
    read_requests(pieces(payload, range(len(payload))))
    assert time.process_time() - started < 10  # a tenth of that; reading anew at each byte takes minutes
