"""The two ends of TLS in memory: what one has written, the other is given whenever a test says so."""

import contextlib
import ssl

from tests.support.harness.certificates import client_context


class TlsEnd:
    def __init__(self, context: ssl.SSLContext, *, server_side: bool) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server_side)

    def handshake(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()

    def sealed(self, content: bytes) -> bytes:
        """`content` as it goes over the wire: one record up to 16 KiB."""
        self.tls.write(content)
        return self.outgoing.read()

    def opened(self, wire: bytes) -> bytes:
        """The content of what came over the wire."""
        self.incoming.write(wire)
        content = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.tls.read(65536):
                content += piece
        return content

    def goodbye(self) -> bytes:
        """`close_notify`, as it goes over the wire."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        return self.outgoing.read()


def connected(server: ssl.SSLContext, client: ssl.SSLContext | None = None) -> tuple[TlsEnd, TlsEnd]:
    """A client and a server after their handshake."""
    ends = TlsEnd(client or client_context(), server_side=False), TlsEnd(server, server_side=True)
    for sender, receiver in (ends, ends[::-1], ends, ends[::-1]):
        sender.handshake()
        receiver.incoming.write(sender.outgoing.read())
    client_end, server_end = ends
    server_end.handshake()
    client_end.opened(server_end.outgoing.read())
    return client_end, server_end
