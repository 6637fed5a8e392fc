"""The log of a worker, passed on to the supervisor's own: whole lines, so that those of two workers never mix.

A worker has a pipe of its own. One that they shared could be filled by another between a look and a write, and a
log that nobody reads would then hold up calls.
"""

import asyncio
import os

from shared.logging import pass_on

MAX_UNFINISHED_BYTES = 1024 * 1024
"""Bytes without the end of a line, beyond which they are passed on as one."""


class LogRelay(asyncio.Protocol):
    """Reads a worker's standard output until it ends."""

    def __init__(self) -> None:
        self._unfinished = b""

    def data_received(self, data: bytes) -> None:
        lines, end, rest = data.rpartition(b"\n")
        if end:
            pass_on(self._unfinished + lines + end)
            self._unfinished = rest
        else:
            self._unfinished += data
        if len(self._unfinished) > MAX_UNFINISHED_BYTES:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def _finish(self) -> None:
        if self._unfinished:
            pass_on(self._unfinished + b"\n")
            self._unfinished = b""


async def log_pipe() -> tuple[int, asyncio.ReadTransport]:
    """The end of a new pipe to write to, which is the caller's to close, and the transport that relays the rest."""
    readable, writable = os.pipe()
    try:
        # uvloop closes the descriptor. A file that closed it as well could close what has its number by then.
        pipe = os.fdopen(readable, "rb", 0, closefd=False)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(LogRelay, pipe)
    except BaseException:
        os.close(writable)
        raise
    return writable, transport
