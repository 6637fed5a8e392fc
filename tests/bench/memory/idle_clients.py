"""Connections that stay open and seldom call, from several addresses: one address may have only so many."""

import asyncio
import socket
from collections.abc import Sequence
from itertools import cycle

from tests.bench.load import HOST

PER_ADDRESS = 1250
"""Below the gateway's own bound for one address."""
CALL_INTERVAL_S = 50.0
"""Seconds between two calls on one connection: less than the gateway keeps an idle one open."""
BATCH = 50
"""So many call at the same time."""
CONNECT_TIMEOUT_S = 10.0


class IdleClients:
    """`run` opens the connections, and then calls on each in turn. One that was closed is counted and opened again.

    `wires` are the requests, as they are sent; `interval` is the seconds between two calls on one of them.
    """

    def __init__(self, port: int, wires: Sequence[bytes], count: int, *, interval: float = CALL_INTERVAL_S) -> None:
        self.count = count
        self.lost = 0
        """Closed by the gateway, or refused."""
        self.responses = 0
        self._interval = interval
        self._port = port
        self._wires = cycle(wires)
        self._open: dict[int, asyncio.Transport] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def run(self) -> None:
        """Until cancelled."""
        pause = 0.0
        try:
            while True:
                for batch in self._batches():
                    await asyncio.gather(*map(self._call, batch))
                    await asyncio.sleep(pause)
                pause = self._interval / max(1, len(self._batches()))
        finally:
            ours, self._open = self._open, {}
            for transport in ours.values():
                transport.abort()

    def _batches(self) -> Sequence[range]:
        starts = range(0, self.count, BATCH)
        return [range(start, min(start + BATCH, self.count)) for start in starts] or [range(0)]

    async def _call(self, number: int) -> None:
        """One request on this connection; it is opened first where it is not open."""
        transport = self._open.get(number)
        if transport is None:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    transport = await self._connected(number)
            except (OSError, TimeoutError):
                self.lost += 1
                return
        transport.write(next(self._wires))

    async def _connected(self, number: int) -> asyncio.Transport:
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        try:
            connection.setblocking(False)
            connection.bind((address(number), 0))
            await loop.sock_connect(connection, (HOST, self._port))
            transport, _ = await loop.create_connection(lambda: _Idle(self, number), sock=connection)
        except BaseException:
            connection.close()
            raise
        self._open[number] = transport
        return transport

    def closed(self, number: int) -> None:
        if self._open.pop(number, None) is not None:
            self.lost += 1


class _Idle(asyncio.Protocol):
    """Counts what comes back, and nothing else."""

    __slots__ = ("_clients", "_number")

    def __init__(self, clients: IdleClients, number: int) -> None:
        self._clients = clients
        self._number = number

    def data_received(self, data: bytes) -> None:
        self._clients.responses += data.count(b"HTTP/1.1 200 ")

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.closed(self._number)


def address(number: int) -> str:
    """Of the loopback network: where the connection of this number comes from."""
    return f"127.0.1.{1 + number // PER_ADDRESS}"
