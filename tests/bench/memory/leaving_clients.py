"""Clients that leave in the midst of it: of the head, of the content, of the wait, of the response."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

from tests.bench.load import HOST, Request

PATIENCE_S = 5.0
LINGER_RESET = struct.pack("ii", 1, 0)
"""To close is then to reset."""
PAUSE_S = 0.02
"""Seconds between what is sent and the leaving: the gateway has seen it by then."""


@dataclass(frozen=True)
class Leaving:
    """What is sent, and how many bytes of the response are read before the connection is reset."""

    sent: bytes
    read: int = 0


def ways(port: int, *, small: Request, upload: Request, large: Request) -> Mapping[str, Leaving]:
    """`upload` has content, `large` has a response of which some will not fit into any buffer on the way."""
    head, _, content = upload.wire(port).partition(b"\r\n\r\n")
    return {
        "head": Leaving(small.wire(port)[:-10]),
        "content": Leaving(head + b"\r\n\r\n" + content[: len(content) // 2]),
        "wait": Leaving(large.wire(port)),
        "response": Leaving(large.wire(port), read=100_000),
    }


class LeavingClients:
    """`run` makes `per_second` of them, in each way in turn; `count` says how many have left in each."""

    def __init__(self, port: int, leavings: Mapping[str, Leaving], per_second: float) -> None:
        self.count: Counter[str] = Counter()
        self._port = port
        self._leavings: Sequence[tuple[str, Leaving]] = tuple(leavings.items())
        self._interval = 1 / per_second

    async def run(self) -> None:
        """Until cancelled; returns when all have left."""
        async with asyncio.TaskGroup() as tasks:
            for way, leaving in cycle(self._leavings):
                tasks.create_task(self._one(way, leaving))
                await asyncio.sleep(self._interval)

    async def _one(self, way: str, leaving: Leaving) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection(HOST, self._port)
                try:
                    writer.write(leaving.sent)
                    if leaving.read:
                        await reader.readexactly(leaving.read)
                    else:
                        await asyncio.sleep(PAUSE_S)
                    self.count[way] += 1
                except asyncio.IncompleteReadError:
                    self.count[f"{way} ended early"] += 1
                finally:
                    own: socket.socket = writer.get_extra_info("socket")
                    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
                    writer.transport.abort()
