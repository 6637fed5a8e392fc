"""Who calls: one call after the other on connections that are kept, each with a target that is its own."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.soak.servers import HOST, digest_of, echo_of

PATIENCE_S = 60.0
"""Seconds for one call, which no time-out on the way allows: then it is given up."""
PAUSE_S = 0.05
"""Between the pieces of a request that is sent slowly."""
MIX = (("GET", 0), ("GET", 0), ("POST", 40), ("GET", 0), ("POST", 100_000))
"""Methods, and the bytes of their bodies: small enough to be collected, or large enough to be streamed."""


@dataclass(frozen=True)
class Response:
    """`status` is 0 where none came; `whole` is whether it ended as its head had said."""

    status: int
    fields: dict[str, str]
    body: bytes
    whole: bool

    @property
    def by_gateway(self) -> bool:
        return self.fields.get("content-type") == "application/problem+json"


@dataclass(frozen=True)
class Call:
    method: str
    target: str
    body: bytes

    @property
    def wire(self) -> bytes:
        head = f"{self.method} {self.target} HTTP/1.1\r\nHost: soak.example\r\n"
        length = f"Content-Length: {len(self.body)}\r\n" if self.method == "POST" else ""
        return f"{head}{length}\r\n".encode() + self.body

    @property
    def echo(self) -> bytes:
        return echo_of(self.method, self.target, digest_of(self.body))


Observed = Callable[[str, Call, Response, float], None]
"""Route, call, response, and the seconds between them."""


class Caller:
    """Calls `route` from an address of the loopback network, until cancelled. `interval`: seconds between calls.

    Each request is sent in so many `pieces`, with pauses between them.
    """

    def __init__(
        self, port: int, route: str, address: str, interval: float, observed: Observed, *, pieces: int = 1
    ) -> None:
        self._port, self._route, self._address = port, route, address
        self._interval = interval
        self._observed = observed
        self._pieces = pieces
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        number = 0
        try:
            while True:
                method, size = MIX[number % len(MIX)]
                target = f"/{self._route}/{self._address}/{number}"
                call = Call(method, target, random.randbytes(size))
                began = time.monotonic()
                response = await self._response(call)
                self._observed(self._route, call, response, time.monotonic() - began)
                number += 1
                await asyncio.sleep(self._interval * random.uniform(0.5, 1.5))
        finally:
            self._close()

    async def _response(self, call: Call) -> Response:
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._streams is None:
                    self._streams = await asyncio.open_connection(HOST, self._port, local_addr=(self._address, 0))
                reader, writer = self._streams
                size = -(-len(call.wire) // self._pieces)
                for start in range(0, len(call.wire), size):
                    if start:
                        await asyncio.sleep(PAUSE_S)
                    writer.write(call.wire[start : start + size])
                response = await read_response(reader)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            self._close()
            return Response(0, {"failure": repr(error)}, b"", whole=False)
        if not response.whole or response.fields.get("connection", "").lower() == "close":
            self._close()
        return response

    def _close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def read_response(reader: asyncio.StreamReader) -> Response:
    """Raises `IncompleteReadError`, `OSError` where not even a head comes."""
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines) if name}
    body = bytearray()
    whole = False
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        if fields.get("transfer-encoding") == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            whole = await reader.readexactly(2) == b"\r\n"
        else:
            body += await reader.readexactly(int(fields["content-length"]))
            whole = True
    return Response(int(line.split(" ")[1]), fields, bytes(body), whole)
