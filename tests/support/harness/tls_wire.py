"""A TLS client whose records are in a test's hands: what they are sent with, and what follows them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.harness.certificates import NAME, client_context
from tests.support.harness.tls_key_updates import KeyUpdates

WAIT_S = 20.0


class TlsWire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key_log: Path | None) -> None:
        self.reader, self.writer = reader, writer
        self._key_log = key_log
        context = client_context()
        if key_log is not None:
            context.keylog_filename = str(key_log)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=NAME)

    @property
    def key_updates(self) -> KeyUpdates:
        """In the place of `sealed`. Where there is a `key_log`."""
        assert self._key_log is not None
        return KeyUpdates(self.tls, self._key_log)

    async def shake_hands(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.writer.write(self._outgoing.read())
                self._incoming.write(await self.reader.read(65536))
        self.writer.write(self._outgoing.read())

    def sealed(self, content: bytes) -> bytes:
        self.tls.write(content)
        return self._outgoing.read()

    def goodbye(self) -> bytes:
        """`close_notify`."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        return self._outgoing.read()

    async def receive(self) -> bytes:
        """What comes next; nothing at the end, with or without `close_notify`. Raises `SSLError` at an alert."""
        async with asyncio.timeout(WAIT_S):
            while True:
                try:
                    return self.tls.read(65536)
                except ssl.SSLZeroReturnError:
                    return b""
                except ssl.SSLWantReadError:
                    piece = await self.reader.read(65536)
                    if not piece:
                        return b""
                    self._incoming.write(piece)

    async def receive_all(self) -> bytes:
        """Until the end."""
        received = b""
        while piece := await self.receive():
            received += piece
        return received


@asynccontextmanager
async def tls_wire(port: int, *, key_log: Path | None = None) -> AsyncIterator[TlsWire]:
    """After its handshake."""
    async with asyncio.timeout(WAIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            wire = TlsWire(reader, writer, key_log)
            await wire.shake_hands()
        except BaseException:
            writer.transport.abort()
            raise
    try:
        yield wire
    finally:
        writer.transport.abort()
