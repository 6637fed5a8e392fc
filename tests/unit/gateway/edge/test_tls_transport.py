"""TLS changes nothing of what goes through a connection, nor of when it is held back or how it ends."""

import ssl
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.tls_transport import RECORDS_PER_TURN
from shared.transport.turn_transport import turn_transport
from tests.support.harness.certificates import client_context
from tests.unit.gateway.edge.wired import Wired


@pytest.fixture
def wired(context: ssl.SSLContext) -> Wired:
    return Wired(context)


@given(sizes=st.lists(st.integers(1, 40_000), min_size=1, max_size=4), cut=st.integers(1, 5_000))
def test_however_the_bytes_arrive_the_same_are_received(
    context: ssl.SSLContext, sizes: list[int], cut: int
) -> None:
    wired = Wired(context)
    content = b"".join(bytes([65 + n]) * size for n, size in enumerate(sizes))
    wire = b"".join(wired.client.sealed(content[at : at + 16384]) for at in range(0, len(content), 16384))
    cut = max(cut, len(wire) // 1_000)  # single bytes of what is short, and not each of 100,000
    for at in range(0, len(wire), cut):
        wired.transport.data_received(wire[at : at + cut])
    assert wired.received == content


def test_many_records_that_come_together_are_passed_on_over_several_turns(wired: Wired) -> None:
    """Each may hold a request: other connections have their turn between."""
    received = wired.protocol.received
    count = RECORDS_PER_TURN * 3 + 1
    wired.transport.data_received(b"".join(wired.client.sealed(b"%d," % number) for number in range(count)))
    assert len(received) == RECORDS_PER_TURN
    assert not wired.below.reading
    wired.loop.turn()
    assert len(received) == RECORDS_PER_TURN * 2
    wired.transport.pause_reading()
    for _ in range(3):
        wired.loop.turn()
    assert len(received) == RECORDS_PER_TURN * 2
    assert not wired.below.reading
    wired.transport.resume_reading()
    while wired.loop.soon:
        wired.loop.turn()
    assert wired.received == b"".join(b"%d," % number for number in range(count))
    assert wired.below.reading


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [1, 16384, 16385, 200_000])
def test_what_is_written_arrives_whole_and_in_one_piece_below(wired: Wired, kind: type[Any], size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    wired.transport.write(kind(content))
    assert wired.client.opened(wired.sent()) == content


def test_what_is_written_in_a_turn_is_sent_at_its_end_by_whoever_has_the_transport(wired: Wired) -> None:
    above = turn_transport(wired.transport, cast("Any", wired.loop))
    above.write(b"one, ")
    above.write(b"two")
    assert (wired.below.taken(), above.waiting) == (b"", True)
    above.send()
    assert (wired.client.opened(wired.below.taken()), above.waiting) == (b"one, two", False)


def test_what_came_with_the_end_of_the_handshake_is_received_at_once(context: ssl.SSLContext) -> None:
    assert Wired(context, early=b"early").protocol.received == [b"early"]


def test_a_pause_holds_back_what_has_arrived_and_goes_on_where_it_was(wired: Wired) -> None:
    wired.protocol.pause_after = 1
    wire = b"".join(wired.client.sealed(piece) for piece in (b"one", b"two", b"three"))
    wired.transport.data_received(wire)
    assert (wired.received, wired.below.reading, wired.transport.is_reading()) == (b"one", False, False)
    wired.transport.resume_reading()
    assert wired.below.reading
    assert wired.received == b"one"  # not within the call, which may come from the protocol
    wired.loop.turn()
    assert wired.received == b"onetwothree"


def test_congestion_below_is_passed_on_and_its_limits_are_set_there(wired: Wired) -> None:
    wired.transport.set_write_buffer_limits(high=1000)
    wired.transport.pause_writing()
    wired.transport.resume_writing()
    assert (wired.below.limits, wired.protocol.events) == ((1000, None), ["pause", "resume"])


def test_a_close_ends_with_an_alert_after_what_was_written(wired: Wired) -> None:
    wired.transport.write(b"last")
    wired.transport.close()
    assert wired.client.opened(wired.sent()) == b"last"
    assert wired.ended_cleanly()
    assert wired.below.closed
    wired.transport.write(b"more")
    wired.transport.close()
    assert wired.sent() == b""


def test_after_an_end_of_writing_with_its_alert_what_still_comes_is_received(wired: Wired) -> None:
    half = wired.client.sealed(b"half of it was here")
    wired.transport.data_received(half[:20])
    wired.transport.write(b"last")
    wired.transport.write_eof()
    assert wired.client.opened(wired.below.taken()) == b"last"
    assert wired.ended_cleanly()
    assert (wired.below.ended_writing, wired.below.closed, wired.below.reading) == (True, False, True)
    wired.transport.data_received(half[20:] + wired.client.sealed(b", and more"))
    assert wired.received == b"half of it was here, and more"
    wired.transport.write(b"not any more")
    wired.transport.data_received(wired.client.goodbye())
    assert wired.sent() == b""
    assert (wired.below.closed, wired.protocol.events) == (True, ["end"])


def test_an_abort_says_nothing_so_that_the_cut_is_seen(wired: Wired) -> None:
    wired.transport.write(b"half")
    wired.transport.abort()
    assert wired.client.opened(wired.sent()) == b"half"
    assert not wired.ended_cleanly()
    assert (wired.below.aborted, wired.below.closed) == (True, False)


def test_a_client_that_says_goodbye_has_left(wired: Wired) -> None:
    wired.transport.data_received(wired.client.sealed(b"all") + wired.client.goodbye())
    assert wired.received == b"all"
    assert wired.below.closed
    assert wired.ended_cleanly()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_says_goodbye_has_not_left_where_it_may_still_be_sent_to(
    context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """Which TLS 1.2 does not allow (RFC 5246 section 7.2.1)."""
    client = client_context()
    client.maximum_version = version
    wired = Wired(context, client)
    wired.protocol.goes_on = True
    wired.transport.data_received(wired.client.sealed(b"all") + wired.client.goodbye() + b"and junk")
    assert wired.transport.eof_received() is not wired.below.closed
    wired.transport.write(b"the response")
    if version == ssl.TLSVersion.TLSv1_2:
        assert wired.ended_cleanly()
        return
    assert wired.client.opened(wired.sent()) == b"the response"
    assert (wired.received, wired.protocol.events, wired.below.closed) == (b"all", ["end"], False)
    wired.transport.close()
    assert wired.ended_cleanly()
    assert wired.below.closed


def test_a_client_that_ends_its_side_without_a_goodbye_has_left(wired: Wired) -> None:
    wired.protocol.goes_on = True
    assert wired.transport.eof_received() is False


def test_a_forged_record_ends_the_connection_with_an_alert_and_is_not_received(wired: Wired) -> None:
    wire = bytearray(wired.client.sealed(b"text"))
    wire[-1] ^= 1
    wired.transport.data_received(bytes(wire) + wired.client.sealed(b"more"))
    assert (wired.received, wired.below.closed) == (b"", True)
    with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
        wired.client.opened(wired.sent())


def test_what_was_received_before_a_forged_record_has_its_response_before_the_alert(wired: Wired) -> None:
    wired.protocol.responds = True
    request, forged = wired.client.sealed(b"request"), bytearray(wired.client.sealed(b"forged"))
    forged[-1] ^= 1
    wired.transport.data_received(request + bytes(forged))
    wired.client.incoming.write(wired.below.taken())
    assert wired.client.tls.read(100) == b"request"
    with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
        wired.client.tls.read(100)
    assert wired.below.closed


def test_a_lost_connection_is_reported_once_and_takes_no_more(wired: Wired) -> None:
    wired.transport.connection_lost(None)
    wired.transport.data_received(b"x")
    wired.transport.write(b"x")
    assert (wired.protocol.events, wired.below.wire) == (["lost"], b"")


def test_the_peer_and_the_session_are_known_above(wired: Wired) -> None:
    assert wired.transport.get_extra_info("peername") == ("192.0.2.1", 1)
    assert wired.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
    assert wired.transport.get_extra_info("socket") is None
