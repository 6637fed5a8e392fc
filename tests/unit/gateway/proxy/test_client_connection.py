"""However the bytes of a connection arrive, and whenever its responses end, the same requests are received."""

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.body import CHUNKS_AT_A_TIME
from gateway.http1.request import BadRequest
from gateway.http1.request_head import RequestHead
from gateway.proxy.client_connection import STEPS_PER_TURN, ClientConnection
from gateway.proxy.ports import RequestReceiver
from tests.support.http1 import near_valid
from tests.support.http1.framing_payloads import FORWARDED, MALFORMED, get
from tests.support.http1.reading import pieces, read_requests
from tests.support.turns import SteppedLoop

Received = list[tuple[str, str, bytes]]


class Transport:
    def __init__(self) -> None:
        self.reading, self.closing, self.closed_writing = True, False, False

    def set_write_buffer_limits(self, high: int, low: int | None = None) -> None: ...

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return ("192.0.2.1", 1)

    def write(self, data: bytes) -> None:
        assert not self.closed_writing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return self.reading

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.closed_writing = True

    def close(self) -> None:
        self.closing = True

    abort = close


class Receiver:
    """Of one request; its response is complete when the test says so, or at once."""

    def __init__(self, listener: "Listener", head: RequestHead | BadRequest) -> None:
        self.listener, self.head = listener, head
        self.content, self.complete, self.over = b"", False, False

    def begin(self, content: bytes, *, complete: bool) -> None:
        if self.listener.early and isinstance(self.head, RequestHead):
            self.over = True
            self.listener.received.append((self.head.method, self.head.target, b""))
            connection = self.listener.connection
            connection.request_done(keep_alive=self.head.keep_alive and connection.can_drain(self.head))
        else:
            self.body_received(content, complete=complete)

    def body_received(self, content: bytes, *, complete: bool) -> None:
        assert not self.complete
        assert not self.over
        self.content += content
        self.complete = complete
        if complete and self.listener.at_once:
            self.respond()

    def body_refused(self, error: BadRequest) -> None:
        assert not self.complete
        self.listener.refusals += 1
        self.over = True

    @property
    def due(self) -> bool:
        return self.complete and not self.over

    def respond(self) -> None:
        if not self.due:
            return
        self.over = True
        if isinstance(self.head, BadRequest):
            self.listener.refusals += 1
            self.listener.connection.request_done(keep_alive=False)
            return
        self.listener.received.append((self.head.method, self.head.target, self.content))
        self.listener.connection.request_done(keep_alive=self.head.keep_alive)

    def client_left(self, cause: str) -> None: ...

    def client_congested(self) -> None: ...

    def sweep(self) -> None: ...

    def client_ready(self) -> None: ...


class Listener:
    """One connection, and what comes of the requests on it."""

    draining = False
    keepalive_timeout = 60.0

    def __init__(self) -> None:
        self.loop, self.transport = SteppedLoop(), Transport()
        self.received: Received = []
        self.refusals = 0
        self.at_once = True
        self.early = False
        """Whether each response is complete before the request's body is."""
        self.receivers: list[Receiver] = []
        self.connection = ClientConnection(self, cast("Any", self.loop))
        self.connection.connection_made(cast("Any", self.transport))

    def opened(self, connection: ClientConnection) -> None: ...

    def closed(self, connection: ClientConnection) -> None: ...

    def trusts(self, peer: str) -> bool:
        return False

    def receiver_of(self, connection: ClientConnection, head: RequestHead | BadRequest) -> RequestReceiver:
        assert all(receiver.over for receiver in self.receivers), "two requests at a time"
        self.receivers.append(Receiver(self, head))
        return self.receivers[-1]

    def respond(self) -> None:
        if self.receivers:
            self.receivers[-1].respond()

    def run(self, parts: list[bytes], patience: list[int]) -> None:
        """Deliver the parts; before the n-th, `patience[n]` turns pass in which a response may end; 0: at once."""
        for number, part in enumerate(parts):
            turns = patience[number % len(patience)]
            self.at_once = turns == 0
            for _ in range(turns - 1):
                self._turn()
            self._deliver(part)
        while self.loop.soon or (self.receivers and self.receivers[-1].due):
            self._turn()

    def _turn(self) -> None:
        self.respond()
        self.loop.turn()

    def _deliver(self, part: bytes) -> None:
        for _ in range(1000):
            if self.transport.reading or self.transport.closing:
                break
            self._turn()
        if not self.transport.closing:
            assert self.transport.reading, "nothing makes it read again"
            self.connection.data_received(part)


def expected(raw: bytes) -> tuple[Received, int]:
    """The requests up to the last that its connection serves, and how many refusals follow."""
    found = read_requests([raw])
    received: Received = []
    for request in found.complete:
        received.append((request.head.method, request.head.target, request.content))
        if not request.head.keep_alive:
            return received, 0
    return received, int(bool(found.failure))


def assert_received(raw: bytes, cuts: list[int], patience: list[int]) -> None:
    listener = Listener()
    listener.run(pieces(raw, cuts), patience)
    assert (listener.received, listener.refusals) == expected(raw)


@pytest.mark.parametrize("patience", [[0], [1], [2, 0]])
def test_every_payload_is_received_or_refused_once(patience: list[int]) -> None:
    after = get(b"GET /after HTTP/1.1")
    for raw in (*(request.raw for request in FORWARDED.values()), *MALFORMED.values()):
        assert_received(raw[:20_000] + after, [len(raw) // 2, len(raw)], patience)


@pytest.mark.parametrize("patience", [[0], [1], [3, 0, 1]])
def test_many_pipelined_requests_are_received_in_their_order(patience: list[int]) -> None:
    raw = b"".join(get(b"GET /%d HTTP/1.1" % number) for number in range(100))
    assert_received(raw, [1000, 1001], patience)


@given(near_valid.requests(), near_valid.cuts(), st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_what_is_nearly_valid_is_received_in_one_way(raw: bytes, cuts: list[int], patience: list[int]) -> None:
    assert_received(raw, cuts, patience)


@given(near_valid.requests(), near_valid.cuts())
def test_no_part_of_a_refused_body_is_received_as_a_request(raw: bytes, cuts: list[int]) -> None:
    listener = Listener()
    listener.early = True
    listener.run(pieces(raw, cuts), [0])
    heads = [(head.method, head.target, b"") for head in read_requests([raw]).heads]
    assert listener.received == heads[: len(listener.received)]


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("together", [1, 3, STEPS_PER_TURN, 100])
def test_one_turn_has_no_more_than_its_requests_however_many_come_at_a_time(together: int, writes: bool) -> None:
    """As over TLS, where each record is passed on."""
    listener = Listener()

    class Responding(Receiver):
        def respond(self) -> None:
            if writes:
                listener.connection.write(b"response")
            super().respond()

    listener.receiver_of = lambda _, head: Responding(listener, head)  # type: ignore[method-assign, assignment]
    for first in range(0, 100, together):
        requests = [get(b"GET /%d HTTP/1.1" % number) for number in range(first, min(100, first + together))]
        listener.connection.data_received(b"".join(requests))
    for turn in range(1, 8):
        assert len(listener.received) == min(100, turn * STEPS_PER_TURN)
        listener.loop.turn()
    assert [target for _, target, _ in listener.received] == [f"/{number}" for number in range(100)]


def test_the_requests_of_several_turns_do_not_add_up_where_nobody_writes() -> None:
    listener = Listener()
    for number in range(2 * STEPS_PER_TURN):
        listener.connection.data_received(get(b"GET /%d HTTP/1.1" % number))
        assert (len(listener.received), listener.transport.reading) == (number + 1, True)
        listener.loop.turn()


CHUNKED = b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PER_TURN = STEPS_PER_TURN * CHUNKS_AT_A_TIME


def test_a_body_of_small_chunks_takes_as_many_turns_as_it_needs() -> None:
    """Each costs a thousand times what a byte of a larger one does."""
    listener = Listener()
    listener.connection.data_received(CHUNKED)
    listener.connection.data_received(b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n" + get(b"GET /after HTTP/1.1"))
    (receiver,) = listener.receivers
    assert 0 < len(receiver.content) <= PER_TURN
    assert not listener.transport.reading
    while not receiver.complete:
        before = len(receiver.content)
        listener.loop.turn()
        assert before < len(receiver.content) <= before + PER_TURN
    while listener.loop.soon:
        listener.loop.turn()
    assert listener.transport.reading
    assert listener.received == [("POST", "/body", b"x" * 10_000), ("GET", "/after", b"")]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_waits_for_no_turn(chunked: bool) -> None:
    listener = Listener()
    head = CHUNKED if chunked else b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1638400\r\n\r\n"
    listener.connection.data_received(head)
    for _ in range(100):
        listener.connection.data_received((b"4000\r\n%b\r\n" if chunked else b"%b") % (b"x" * 0x4000))
    assert (len(listener.receivers[0].content), listener.transport.reading) == (1638400, True)


def test_what_is_kept_of_a_body_waits_for_who_takes_no_more_of_it() -> None:
    listener = Listener()
    listener.connection.data_received(CHUNKED + b"1\r\nx\r\n" * 10_000)
    (receiver,) = listener.receivers
    listener.connection.pause_reading()
    for _ in range(3):
        listener.loop.turn()
    assert (len(receiver.content), listener.transport.reading) == (PER_TURN, False)
    listener.connection.resume_reading()
    while listener.loop.soon:
        listener.loop.turn()
    assert (len(receiver.content), listener.transport.reading) == (10_000, True)
    listener.connection.data_received(b"0\r\n\r\n")
    assert listener.received == [("POST", "/body", b"x" * 10_000)]


def test_a_body_that_ends_while_no_more_of_it_is_taken_holds_up_no_reading_after_it() -> None:
    """Else nobody would notice that the client leaves."""

    class TakingNoMore(Receiver):
        def body_received(self, content: bytes, *, complete: bool) -> None:
            super().body_received(content, complete=complete)
            self.listener.connection.pause_reading()

    listener = Listener()
    listener.at_once = False
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listener, "receiver_of", lambda _, head: TakingNoMore(listener, head))
        listener.connection.data_received(CHUNKED + b"1\r\nx\r\n" * 10)
        assert not listener.transport.reading
        listener.connection.data_received(b"0\r\n\r\n")
    assert listener.transport.reading


@pytest.mark.parametrize("paused", [False, True])
def test_what_is_kept_of_a_body_that_means_nothing_is_dropped_and_the_next_request_received(paused: bool) -> None:
    listener = Listener()
    listener.connection.data_received(CHUNKED + b"1\r\nx\r\n" * 10_000)
    (receiver,) = listener.receivers
    if paused:
        listener.connection.pause_reading()
        listener.loop.turn()
    receiver.over = True
    listener.connection.request_done(keep_alive=True)
    while listener.loop.soon:
        listener.loop.turn()
    listener.connection.data_received(b"0\r\n\r\n" + get(b"GET /after HTTP/1.1"))
    assert listener.received == [("GET", "/after", b"")]


class FullAtOnce(Transport):
    """Whose buffer is full with the first write."""

    connection: ClientConnection

    def write(self, data: bytes) -> None:
        self.connection.pause_writing()


@pytest.mark.parametrize("together", [True, False])
def test_no_request_is_received_while_the_client_does_not_take_what_it_got(together: bool) -> None:
    """However they come: else nothing holds back the upstream of the next one."""
    listener = Listener()
    full = FullAtOnce()
    full.connection = listener.connection
    listener.connection.connection_made(cast("Any", full))
    answered: list[str] = []

    class Responding(Receiver):
        def respond(self) -> None:
            if isinstance(self.head, RequestHead):
                answered.append(self.head.target)
            listener.connection.write(b"response")
            super().respond()

    listener.receiver_of = lambda _, head: Responding(listener, head)  # type: ignore[method-assign, assignment]
    requests = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(3)]
    for piece in [b"".join(requests)] if together else requests:
        listener.connection.data_received(piece)
    assert answered == ["/0"]
    listener.connection.resume_writing()
    assert answered == ["/0", "/1"]


def test_a_protocol_that_takes_over_learns_that_the_client_takes_no_more() -> None:
    events: list[str] = []

    class Successor(asyncio.Protocol):
        def pause_writing(self) -> None:
            events.append("pause")

    class Switching(FullAtOnce):
        def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
            events.append("switched")

    listener, full = Listener(), Switching()
    full.connection = listener.connection
    listener.connection.connection_made(cast("Any", full))
    listener.connection.write(b"101")
    listener.connection.switch(Successor())
    assert events == ["switched", "pause"]
