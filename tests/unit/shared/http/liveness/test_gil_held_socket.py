"""The same as a socket's own methods, of which only the end and the faults look different."""

import socket

from shared.http.liveness.gil_held_socket import recv, send


def test_what_has_come_is_read_and_looked_at_and_sent() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        assert recv(ours, 100) is None
        theirs.sendall(b"request\x00with a zero")
        assert recv(ours, 7, socket.MSG_PEEK) == b"request"
        assert recv(ours, 100) == b"request\x00with a zero"
        assert send(ours, b"response\x00") == 9
        assert theirs.recv(100) == b"response\x00"


def test_the_end_is_empty_and_nothing_can_be_sent_to_who_has_left() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        theirs.close()
        assert recv(ours, 100) == b""
        assert send(ours, b"response") < 0
