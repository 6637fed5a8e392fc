"""Each PROXY header has one reading, however it is cut; what is not exactly one is refused and never guessed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.proxy_protocol import (
    MAX_V1_BYTES,
    MAX_V2_BYTES,
    Header,
    MalformedHeader,
    begins_header,
    read_header,
)
from tests.support.cases import each_case
from tests.support.http1.proxy_headers import LOCAL, PROXY, SIGNATURE, TCP4, TCP6, UNIX, UNSPECIFIED, raw_v2, v2

LONGEST = b"PROXY UNKNOWN " + b"x" * (MAX_V1_BYTES - 16) + b"\r\n"
VALID = {
    b"PROXY TCP4 203.0.113.7 10.0.0.1 12345 443\r\n": "203.0.113.7",
    b"PROXY TCP4 255.255.255.255 0.0.0.0 0 65535\r\n": "255.255.255.255",
    b"PROXY TCP6 2001:DB8:0:0::7 ::1 12345 443\r\n": "2001:db8::7",
    b"PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n": "203.0.113.7",
    b"PROXY TCP6 " + b" ".join([b":".join([b"ffff"] * 8)] * 2) + b" 65535 65535\r\n": ":".join(["ffff"] * 8),
    b"PROXY UNKNOWN\r\n": "",
    b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n": "",
    LONGEST: "",
    v2(): "203.0.113.7",
    v2("2001:db8::7"): "2001:db8::7",
    v2("::ffff:203.0.113.7"): "203.0.113.7",
    v2(more=b"\x03\x00\x04abcd\x04\x00\x03\0\0\0"): "203.0.113.7",
    v2(more=b"\xff\xff\xff not a list of anything"): "203.0.113.7",
    v2(command=LOCAL): "",
    raw_v2(LOCAL, UNSPECIFIED): "",
    raw_v2(LOCAL, 0xFF, bytes(84)): "",
    raw_v2(PROXY, UNSPECIFIED): "",
    raw_v2(PROXY, UNSPECIFIED, bytes(20)): "",
    raw_v2(PROXY, UNIX, bytes(216)): "",
    raw_v2(PROXY, TCP4, bytes([1, 2, 3, 4]) + bytes(MAX_V2_BYTES - 20)): "1.2.3.4",
}
MALFORMED = [
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\x00",
    b"\r\nGET / HTTP/1.1\r\n",
    b"proxy TCP4 203.0.113.7 10.0.0.1 12345 443\r\n",
    b" PROXY TCP4 203.0.113.7 10.0.0.1 12345 443\r\n",
    b"PROXY\tTCP4 203.0.113.7 10.0.0.1 12345 443\r\n",
    b"PROXY TCP4  203.0.113.7 10.0.0.1 12345 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 12345 443 \r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 12345\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 12345 443 1\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 12345 65536\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 012 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 00 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 -1 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 +1 443\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 1_0 443\r\n",
    "PROXY TCP4 203.0.113.7 10.0.0.1 ١ 443\r\n".encode(),
    b"PROXY TCP4 203.0.113.07 10.0.0.1 1 443\r\n",
    b"PROXY TCP4 203.0.113 10.0.0.1 1 443\r\n",
    b"PROXY TCP4 3405803783 10.0.0.1 1 443\r\n",
    b"PROXY TCP4 203.0.113.7 ::1 1 443\r\n",
    b"PROXY TCP4 ::1 10.0.0.1 1 443\r\n",
    b"PROXY TCP6 203.0.113.7 10.0.0.1 1 443\r\n",
    b"PROXY TCP6 fe80::1%eth0 ::1 1 443\r\n",
    b"PROXY TCP6 [::1] ::1 1 443\r\n",
    b"PROXY TCP5 203.0.113.7 10.0.0.1 1 443\r\n",
    b"PROXY UDP4 203.0.113.7 10.0.0.1 1 443\r\n",
    b"PROXY unknown\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 1 443\n\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 1 443\r\r\n",
    b"PROXY TCP4 203.0.113.7 10.0.0.1 1 443\0\r\n",
    b"PROXY UNKNOWN " + b"x" * (MAX_V1_BYTES - 15) + b"\r\n",
    b"PROXY TCP4 " + b"1" * MAX_V1_BYTES,
    SIGNATURE[:-1] + b"X",
    raw_v2(0x11, TCP4, bytes(12)),
    raw_v2(0x31, TCP4, bytes(12)),
    raw_v2(0x22, TCP4, bytes(12)),
    raw_v2(PROXY, 0x12, bytes(12)),
    raw_v2(PROXY, 0x22, bytes(36)),
    raw_v2(PROXY, 0x10, bytes(12)),
    raw_v2(PROXY, 0x01, bytes(12)),
    raw_v2(PROXY, 0x41, bytes(12)),
    raw_v2(PROXY, TCP4, bytes(11)),
    raw_v2(PROXY, TCP6, bytes(35)),
    raw_v2(PROXY, TCP4, length=MAX_V2_BYTES - 15),
    raw_v2(LOCAL, TCP4, length=0xFFFF),
]


def read(data: bytes) -> Header | None:
    """`data` read as it would be if it came byte by byte."""
    for end in range(1, len(data) + 1):
        if (header := read_header(data[:end])) is not None:
            assert end == header.length
            return header
    return None


@pytest.mark.parametrize(("header", "source"), VALID.items())
def test_a_header_says_whose_connection_it_is_and_where_it_ends(header: bytes, source: str) -> None:
    assert read_header(header + b"GET /") == Header(source, len(header))
    assert read(header) == Header(source, len(header))


@pytest.mark.parametrize("header", VALID)
def test_as_long_as_it_is_not_complete_nothing_is_said(header: bytes) -> None:
    for end in range(len(header)):
        assert read_header(header[:end]) is None


@each_case("data", MALFORMED)
def test_what_is_not_exactly_a_header_is_refused_whole_and_byte_by_byte(data: bytes) -> None:
    with pytest.raises(MalformedHeader):
        read_header(data)
    with pytest.raises(MalformedHeader):
        read(data)


@pytest.mark.parametrize(
    ("data", "begins"),
    [
        (b"", None), (b"P", None), (b"PROXY", None), (b"PROXY ", True), (b"PROXYING", False), (b"POST", False),
        (b"\r", None), (SIGNATURE[:-1], None), (SIGNATURE, True), (b"\r\nGET", False), (b"\x16", False),
    ],
)  # fmt: skip
def test_a_header_is_known_by_its_first_bytes(data: bytes, begins: bool | None) -> None:
    assert begins_header(data) is begins


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=80).map(lambda rest: SIGNATURE + rest)))
def test_whatever_arrives_is_a_header_or_refused_or_incomplete(data: bytes) -> None:
    with contextlib.suppress(MalformedHeader):
        header = read_header(data)
        assert header is None or header.length <= len(data)
        assert header is not None or len(data) < MAX_V2_BYTES


@given(st.binary(min_size=1, max_size=120))
def test_a_line_of_version_1_is_never_waited_for_beyond_its_bound(rest: bytes) -> None:
    with contextlib.suppress(MalformedHeader):
        assert read_header(b"PROXY " + rest) is not None or len(rest) + 6 < MAX_V1_BYTES
