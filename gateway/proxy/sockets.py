"""What the event loop does not say of its sockets: whether the other end has left, and who waits to be accepted."""

import asyncio
import contextlib
import ctypes
import os
import socket
import struct

TCP_CLOSE, TCP_CLOSE_WAIT = 7, 8
"""States of a connection in Linux's `tcp_states.h`: it was reset, and its other end has closed it."""

SO_ATTACH_FILTER = 26
"""Linux's `asm/socket.h`."""
_DROP_SYN = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte of TCP's flags (RFC 9293 section 3.1)
        (0x45, 0, 1, 0x02),  # SYN?
        (0x06, 0, 0, 0),  # drop the segment
        (0x06, 0, 0, 0xFFFFFFFF),  # take it
    )
)


def has_left(transport: asyncio.Transport) -> bool:
    """Whether the other end has closed or reset the connection. Where the system cannot say, it has not."""
    connection = transport.get_extra_info("socket")
    if connection is None or not hasattr(socket, "TCP_INFO"):
        return False
    try:
        (state,) = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:
        return False
    return state in (TCP_CLOSE, TCP_CLOSE_WAIT)


def reset_on_close(transport: asyncio.Transport) -> None:
    """Let the connection end by a reset, for the other end not to take it for the end of a message (RFC 9112 8)."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def end_writing(transport: asyncio.Transport) -> None:
    """Say that no more will be sent. A connection whose other end is gone already, and nobody knows yet, ends."""
    try:
        transport.write_eof()
    except OSError:
        transport.abort()


def drop_new_connections(listener: asyncio.Server) -> None:
    """Let no client begin to connect any more, so that nobody is between connecting and being accepted.

    Whoever tries does so again after a second, and is then refused, or finds another process. Where the system
    cannot do it, nothing happens.
    """
    program = ctypes.create_string_buffer(_DROP_SYN, len(_DROP_SYN))
    option = struct.pack("HP", len(_DROP_SYN) // 8, ctypes.addressof(program))
    for listening in listener.sockets:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(listening.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, option)


def accept_pending(listener: asyncio.Server) -> list[socket.socket]:
    """The connections that the loop has not accepted yet, and that their clients would lose with `listener`."""
    accepted = []
    for listening in listener.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as own:
            while True:
                try:
                    connection, _ = own.accept()
                except OSError:  # there are no more
                    break
                connection.setblocking(False)
                accepted.append(connection)
    return accepted
