"""An upstream over bare sockets: it records what arrives, byte for byte, and answers what it is told."""

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'

Script = Callable[["UpstreamCall", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class UpstreamCall:
    """One request as it arrived. `complete` only when its body ended as its head had said."""

    raw_head: bytes
    body: bytes = b""
    complete: bool = False

    @property
    def request_line(self) -> str:
        return self.raw_head.split(b"\r\n")[0].decode("latin-1")

    @property
    def target(self) -> str:
        return self.request_line.split(" ")[1]

    @property
    def fields(self) -> list[tuple[str, str]]:
        lines = self.raw_head.decode("latin-1").split("\r\n")[1:]
        return [(name, value.removeprefix(" ")) for name, _, value in (line.partition(":") for line in lines)]

    def values(self, name: str) -> list[str]:
        return [value for given, value in self.fields if given.lower() == name.lower()]


@dataclass
class Upstream:
    port: int = 0
    calls: list[UpstreamCall] = field(default_factory=list)
    raw: list[bytearray] = field(default_factory=list)
    """Everything that arrived, by connection."""
    script: Script | None = None
    response: bytes = OK
    connections: set[asyncio.StreamWriter] = field(default_factory=set)
    """Those that are open, but for any that is older than the last `reset`: a gateway may keep it for long."""

    @property
    def open(self) -> int:
        return len(self.connections)

    def reset(self) -> None:
        self.calls.clear()
        self.raw.clear()
        self.connections.clear()
        self.script, self.response = None, OK

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        seen = bytearray()
        self.raw.append(seen)
        try:
            while call := await _read_call(reader, self.calls, seen):
                if self.script is not None:
                    await self.script(call, reader, writer)
                    continue
                writer.write(self.response)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, _Closed):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class _Closed(Exception):
    pass


async def _read_call(
    reader: asyncio.StreamReader, calls: list[UpstreamCall], seen: bytearray
) -> UpstreamCall | None:
    """The next request, by the framing that its head tells; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        seen += error.partial
        return None
    seen += head
    call = UpstreamCall(head[:-4])
    calls.append(call)
    if call.values("transfer-encoding"):
        await _read_chunks(reader, call, seen)
    else:
        for length in call.values("content-length"):
            await _take(reader, int(length), call, seen)
    call.complete = True
    return call


async def _take(reader: asyncio.StreamReader, count: int, call: UpstreamCall, seen: bytearray) -> None:
    left = count
    while left:
        piece = await reader.read(min(left, 65536))
        if not piece:
            raise _Closed
        seen += piece
        call.body += piece
        left -= len(piece)


async def _read_chunks(reader: asyncio.StreamReader, call: UpstreamCall, seen: bytearray) -> None:
    while True:
        line = await reader.readuntil(b"\r\n")
        seen += line
        size = int(line, 16)
        await _take(reader, size, call, seen)
        seen += await reader.readexactly(2)
        if size == 0:
            return


def assert_canonical(call: UpstreamCall) -> None:
    """What is forwarded has one reading only: as strict as any server may be."""
    lines = call.raw_head.split(b"\r\n")
    assert re.fullmatch(rb"[A-Z][A-Z0-9_-]* /[\x21-\x7e]* HTTP/1\.1", lines[0]), lines[0]
    names = []
    for line in lines[1:]:
        match = re.fullmatch(rb"([A-Za-z0-9-]+): ?([\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*))?", line)
        assert match, line
        names.append(match[1].lower())
    assert names.count(b"host") == 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert call.values("transfer-encoding") in ([], ["chunked"])
    assert not {b"upgrade", b"connection", b"te", b"expect", b"trailer"} & set(names)


@asynccontextmanager
async def running_upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=1 << 20)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()


def responding(response: bytes, *, reset: bool = False, close: bool = True) -> Script:
    """To each request with this, and then with the end of the connection."""

    async def script(_: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response)
        if reset:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif close:
            writer.close()
        else:
            await reader.read()

    return script


SILENCE = responding(b"", close=False)
