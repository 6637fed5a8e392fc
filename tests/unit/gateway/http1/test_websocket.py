"""The opening handshake of a WebSocket, as plain values. (tests/integration/gateway sends more over a socket.)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.request import BadRequest, parse_head
from gateway.http1.response import BadResponse, ResponseReader, parse_response_head
from gateway.http1.websocket import Handshake, read_handshake
from tests.support.http1.reading import pieces
from tests.support.http1.websockets import KEY, handshake, switching


def read(payload: bytes) -> Handshake | None:
    return read_handshake(parse_head(payload.removesuffix(b"\r\n\r\n")))


def offered(*more: str) -> Handshake:
    found = read(handshake(*more))
    assert found is not None
    return found


@pytest.mark.parametrize("spelled", ["websocket", "WebSocket", "WEBSOCKET"])
def test_case_does_not_matter_in_names_of_protocols_and_options(spelled: str) -> None:
    assert read(handshake(upgrade=spelled, connection="keep-alive, upgrade")) is not None


@pytest.mark.parametrize("upgrade", [None, "h2c", "web-socket", "websocket/13", "websockets"])
def test_a_request_that_offers_no_websocket_is_no_handshake(upgrade: str | None) -> None:
    payload = handshake(upgrade=upgrade)
    assert read(payload) is None
    assert parse_head(payload.removesuffix(b"\r\n\r\n")).keep_alive


@pytest.mark.parametrize("line", ["GET /x HTTP/1.1", "POST /x HTTP/1.1"])
def test_a_request_that_offers_one_is_the_connections_last(line: str) -> None:
    """Unless a tunnel follows: what comes after it may be meant for that."""
    assert not parse_head(handshake(line=line).removesuffix(b"\r\n\r\n")).keep_alive


def test_the_response_of_the_rfcs_example_is_accepted() -> None:
    offered().check_accepted(parse_response_head(switching().removesuffix(b"\r\n\r\n")))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_no_key_but_the_base64_of_16_bytes_is_one(key: str) -> None:
    with pytest.raises(BadRequest):
        read(handshake(sec_websocket_key=key))


@given(st.binary(max_size=40), st.integers(0, 60))
def test_no_other_accept_is_accepted(accept: bytes, cut: int) -> None:
    raw = switching(accept=accept.hex() or "x")
    reader = ResponseReader("GET", offered())
    with pytest.raises(BadResponse):
        for piece in pieces(raw, [cut]):
            reader.feed(piece)


def test_a_response_that_switches_is_the_same_wherever_it_is_cut() -> None:
    raw = b"HTTP/1.1 103 Early Hints\r\n\r\n" + switching() + b"frames"
    for cut in range(1, len(raw)):
        reader = ResponseReader("GET", offered())
        content = b"".join(reader.feed(piece)[1] for piece in pieces(raw, [cut]))
        assert reader.head is not None
        assert (reader.head.status, content, reader.complete) == (101, b"frames", False)


@pytest.mark.parametrize("status", [b"200 OK", b"426 Upgrade Required"])
def test_any_other_response_is_read_as_one(status: bytes) -> None:
    reader = ResponseReader("GET", offered())
    head, content = reader.feed(b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi")
    assert head is not None
    assert (content, reader.complete) == (b"hi", True)


def test_a_key_is_not_cached() -> None:
    """Fields are cached where they come again and again (`gateway.http1.bounded_cache`), and are no secret."""
    head = parse_head(handshake().removesuffix(b"\r\n\r\n"))
    assert not [field for field in head.fields if field.value == KEY and field.cacheable]
