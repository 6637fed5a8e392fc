"""Whether the other end of a connection is still there: nobody notices who does not read."""

import asyncio
import socket

TCP_CLOSE, TCP_CLOSE_WAIT = 7, 8
"""States of a connection in Linux's `tcp_states.h`: it was reset, and its other end has closed it."""


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
