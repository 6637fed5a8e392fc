"""A client in a thread: only a blocking socket says whether the end of TLS was a clean one."""

import asyncio
import socket
import ssl

from tests.support.harness.certificates import NAME, client_context
from tests.support.http1.client import parse_replies

WAIT_S = 20.0
"""Seconds without a byte, after which a test has failed."""


class TlsClient:
    def __init__(self, port: int, context: ssl.SSLContext | None = None, *, address: str = "127.0.0.1") -> None:
        """`address`: its own, of the loopback network."""
        plain = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S, source_address=(address, 0))
        context = context or client_context()
        self.tls = context.wrap_socket(plain, server_hostname=NAME, suppress_ragged_eofs=False)

    def read_to_the_end(self) -> tuple[bytes, bool]:
        """What is received, and whether `close_notify` ended it."""
        received = bytearray()
        try:
            while piece := self.tls.recv(65536):
                received += piece
        except (ssl.SSLEOFError, ConnectionResetError):
            return bytes(received), False
        finally:
            self.tls.close()
        return bytes(received), True

    def call(self, payload: bytes) -> int:
        """The status of the response to one request; the connection goes on."""
        self.tls.sendall(payload)
        received = bytearray()
        while True:
            piece = self.tls.recv(65536)
            if not piece:
                raise ConnectionError("the connection has ended before the response")
            received += piece
            replies = parse_replies(bytes(received))
            if replies and replies[0].whole:
                return replies[0].status

    def certificate(self) -> bytes:
        """Of the server, in DER."""
        return self.tls.getpeercert(binary_form=True) or b""

    def cut(self) -> None:
        """Leave without a goodbye."""
        socket.socket(fileno=self.tls.detach()).close()


async def exchange(
    port: int,
    *pieces: bytes,
    context: ssl.SSLContext | None = None,
    client: str = "127.0.0.1",
    cut: bool = False,
) -> tuple[bytes, bool]:
    """Send the pieces, a record each; then read to the end, or with `cut` leave at once."""

    def run() -> tuple[bytes, bool]:
        connection = TlsClient(port, context, address=client)
        for piece in pieces:
            connection.tls.sendall(piece)
        if cut:
            connection.cut()
            return b"", False
        return connection.read_to_the_end()

    return await asyncio.to_thread(run)


def statuses(raw: bytes) -> list[int]:
    return [reply.status for reply in parse_replies(raw)]
