"""`python -m tests.soak.flood.caller PORT CALLS`: junk of a stranger, by some connections from some addresses.

Prints how often each status came, as JSON; and to standard error how many calls are done.
"""

import asyncio
import itertools
import json
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator

from shared import opaque

CONNECTIONS, AT_ONCE = 8, 16
"""Requests on their way on each connection."""
ADDRESSES = 40
CALLS_OF_A_CONNECTION = 2_000
"""Then it comes from another address."""
PROGRESS_S = 10.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
STATUS_BYTES = len(b"HTTP/1.1 401 ")


def junk() -> Iterator[bytes]:
    """Heads without an end: none, one that is no token, some that might be, and paths that are not there."""
    token = opaque.mint(opaque.API_TOKEN)
    for number in itertools.count():
        noise = secrets.token_hex(12)
        yield (
            b"GET /site HTTP/1.1\r\nHost: x\r\n\r\n",
            f"GET /site HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {noise}\r\n\r\n".encode(),
            f"GET /sms HTTP/1.1\r\nHost: x\r\nX-Api-Token: {noise}\r\nX-Client-Prefix: {noise}\r\n\r\n".encode(),
            f"GET /sms HTTP/1.1\r\nHost: x\r\nX-Api-Token: {token}\r\nX-Client-Prefix: xx\r\n\r\n".encode(),
            f"GET /{noise} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
            f"GET /site?apitoken={noise} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {noise}\r\n\r\n".encode(),
        )[number % 6]


class Caller:
    def __init__(self, port: int, calls: int) -> None:
        self._port, self._left = port, calls
        self.statuses: Counter[str] = Counter()
        self._addresses = itertools.cycle(f"127.0.0.{number}" for number in range(2, 2 + ADDRESSES))

    async def run(self) -> None:
        progress = asyncio.create_task(self._progress())
        await asyncio.gather(*(self._call_until_done() for _ in range(CONNECTIONS)))
        progress.cancel()

    async def _call_until_done(self) -> None:
        heads = junk()
        while self._left > 0:
            try:
                await self._connection(heads)
            except OSError as error:
                self.statuses[type(error).__name__] += 1
                await asyncio.sleep(0.05)

    async def _connection(self, heads: Iterator[bytes]) -> None:
        local = (next(self._addresses), 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=local)
        try:
            for _ in range(CALLS_OF_A_CONNECTION // AT_ONCE):
                count = min(AT_ONCE, self._left)
                if count <= 0:
                    return
                self._left -= count
                writer.write(b"".join(itertools.islice(heads, count)))
                if not await self._responses(reader, count):
                    return
        finally:
            writer.close()

    async def _responses(self, reader: asyncio.StreamReader, count: int) -> bool:
        """Whether all came; what a connection that was closed left without one is called again."""
        got, text = 0, b""
        while got < count:
            piece = await reader.read(65536)
            if not piece:
                self._left += count - got
                return False
            text = text[1 - STATUS_BYTES :] + piece
            for status in _STATUS.findall(text):
                self.statuses[status.decode()] += 1
                got += 1
        return True

    async def _progress(self) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(PROGRESS_S)
            done = sum(self.statuses.values())
            sys.stderr.write(f"{done:,} calls, {done / (time.monotonic() - began):,.0f} a second\n")


def main() -> None:
    caller = Caller(int(sys.argv[1]), int(sys.argv[2]))
    asyncio.run(caller.run())
    sys.stdout.write(json.dumps(caller.statuses))


if __name__ == "__main__":
    main()
