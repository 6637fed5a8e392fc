"""Whoever receives webhooks: over plain HTTP, with what it has received and whatever it is to respond."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    target: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


def status(code: int, *fields: str) -> Respond:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {code} X", "Content-Length: 0", *fields))
    return sends(f"{head}\r\n".encode())


def sends(content: bytes, *, times: int = 1) -> Respond:
    async def respond(writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            writer.write(content)
            await writer.drain()

    return respond


async def hangs(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@dataclass
class Receiver:
    """`respond` is asked for each request; `connections` counts also those without one."""

    port: int = 0
    respond: Respond = field(default_factory=lambda: status(204))
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?x=1"

    @property
    def ids(self) -> list[str]:
        return [received.headers["webhook-id"] for received in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
                pairs = (line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                self.received.append(Received(head[0].split(" ")[1], headers, body))
                await self.respond(writer)
        finally:
            self.under_way -= 1
            writer.close()


@asynccontextmanager
async def receiver(respond: Respond | None = None, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    found = Receiver()
    if respond is not None:
        found.respond = respond
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await found.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
