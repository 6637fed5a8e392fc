"""Only whoever has to say whose a connection is may say so."""

import pytest

from gateway.edge.proxy_header_reader import (
    HEADER_MALFORMED,
    HEADER_MISSING,
    HEADER_UNEXPECTED,
    ProxyHeaderReader,
    Refused,
)
from tests.support.http1.proxy_headers import LOCAL, SIGNATURE, v2

V1 = b"PROXY TCP4 203.0.113.7 10.0.0.1 12345 443\r\n"


def fed(reader: ProxyHeaderReader, data: bytes, piece: int) -> tuple[str, bytes] | None:
    found = None
    for at in range(0, len(data), piece):
        assert found is None
        found = reader.feed(data[at : at + piece])
    return found


@pytest.mark.parametrize("header", [V1, v2()])
def test_a_header_that_is_due_names_the_client_and_what_follows_is_untouched(header: bytes) -> None:
    assert fed(ProxyHeaderReader(required=True), header + b"GET", len(header) + 3) == ("203.0.113.7", b"GET")
    assert fed(ProxyHeaderReader(required=True), header, 1) == ("203.0.113.7", b"")


def test_a_balancer_that_connects_for_itself_names_nobody() -> None:
    assert fed(ProxyHeaderReader(required=True), v2(command=LOCAL) + b"GET", 1000) == ("", b"GET")


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"GET / HTTP/1.1\r\n", HEADER_MISSING),
        (b"\x16\x03\x01", HEADER_MISSING),
        (b"PROXY nonsense\r\n", HEADER_MALFORMED),
        (SIGNATURE + b"\xff\x11\0\0", HEADER_MALFORMED),
    ],
)
def test_what_is_not_the_header_that_is_due_is_refused(data: bytes, cause: str) -> None:
    for piece in (1, len(data)):
        with pytest.raises(Refused) as refused:
            fed(ProxyHeaderReader(required=True), data, piece)
        assert refused.value.cause == cause
        assert str(refused.value)


@pytest.mark.parametrize("header", [V1, v2()])
def test_a_header_of_anybody_else_is_refused_as_soon_as_it_is_known(header: bytes) -> None:
    for piece in (1, len(header)):
        with pytest.raises(Refused) as refused:
            fed(ProxyHeaderReader(required=False), header, piece)
        assert refused.value.cause == HEADER_UNEXPECTED


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n", b"\r\nGET / HTTP/1.1", b"\x16"]
)
def test_whatever_else_anybody_else_sends_goes_on_as_it_is(data: bytes) -> None:
    assert ProxyHeaderReader(required=False).feed(data) == ("", data)
    dripped = ProxyHeaderReader(required=False)
    passed, sent = b"", 0
    while not passed and sent < len(data):
        found = dripped.feed(data[sent : sent + 1])
        sent += 1
        passed = b"" if found is None else found[1]
    assert passed == data[:sent]
