"""The upstreams: servers that read a request to its end and respond as their script says, and ports without any."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

HOST = "127.0.0.1"
MAX_HEAD_BYTES = 65536


@dataclass(frozen=True)
class Received:
    """A request; `position` says which it is of its connection, from 0."""

    method: str
    target: str
    digest: str
    """Of its body."""
    position: int

    @property
    def echo(self) -> bytes:
        return echo_of(self.method, self.target, self.digest)

    def response(self, status: int = 200, fields: bytes = b"") -> bytes:
        return b"HTTP/1.1 %d X\r\n%bContent-Length: %d\r\n\r\n%b" % (status, fields, len(self.echo), self.echo)


Script = Callable[[Received, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def echo_of(method: str, target: str, digest: str) -> bytes:
    """The content of a response, by which it is known whose it is."""
    return f"{method} {target} {digest}".encode()


def digest_of(body: bytes) -> str:
    return sha256(body).hexdigest()


@dataclass
class Server:
    """`up` is whether it serves: if not, it resets whoever comes."""

    script: Script
    up: bool = True
    open: int = 0
    posted: Counter[str] = field(default_factory=Counter)
    """Targets of requests that are not idempotent, by how often each came."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                position = 0
                while self.up and not writer.is_closing():
                    received = await _next(reader, position)
                    if received.method == "POST":
                        self.posted[received.target] += 1
                    await self.script(received, reader, writer)
                    await writer.drain()
                    position += 1
        finally:
            self.open -= 1
            if self.up:
                writer.close()
            else:
                reset(writer)


@asynccontextmanager
async def running(server: Server, host: str = HOST, port: int = 0) -> AsyncIterator[int]:
    """Its port."""
    listener = await asyncio.start_server(server.serve, host, port, limit=MAX_HEAD_BYTES)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


@asynccontextmanager
async def never_accepting() -> AsyncIterator[int]:
    """A port at which whoever connects waits for ever: what is queued there is never accepted."""
    with socket.socket() as listener, contextlib.ExitStack() as queued:
        listener.bind((HOST, 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(4):
            waiting = queued.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((HOST, port))
        yield port


@asynccontextmanager
async def refusing() -> AsyncIterator[int]:
    """A port that is bound, so that nobody else gets it, and at which nothing listens."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


def reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _next(reader: asyncio.StreamReader, position: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    body = b""
    if fields.get("transfer-encoding"):
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    else:
        body = await reader.readexactly(int(fields.get("content-length", "0")))
    method, target, _ = line.split(" ")
    return Received(method, target, digest_of(body), position)
