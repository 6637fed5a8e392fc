"""The log of a worker, passed on to the supervisor's own: whole lines, so that those of two workers never mix.

Unless that is a file, a worker has a pipe of its own. One that they shared could be filled by another between a
look and a write, and a log that nobody reads would then hold up calls.
"""

import asyncio
import contextlib
import fcntl
import os
import stat
from typing import cast

from shared.logging import pass_on

MAX_UNFINISHED_BYTES = 1024 * 1024
"""Bytes without the end of a line, beyond which they are passed on as one."""
PIPE_BYTES = 1024 * 1024
"""What the system lets every user ask for; a busy worker writes some 20 MB a second at most."""
PAUSE_S = 0.01
"""Between two reads of such a pipe: reading each of a worker's writes would wake the supervisor a thousand times a
second, on the cores that the workers are to have."""
STDOUT = 1
NO_PAUSE_BYTES = PIPE_BYTES // 8
"""In one read: there is so much to read that reading goes on."""


class LogRelay(asyncio.Protocol):
    """Reads a worker's standard output until it ends."""

    def __init__(self, pause: float = 0) -> None:
        self._pause = pause
        self._unfinished = b""
        self._transport: asyncio.ReadTransport | None = None
        self._ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.ReadTransport, transport)

    def data_received(self, data: bytes) -> None:
        lines, end, rest = data.rpartition(b"\n")
        if end:
            pass_on(self._unfinished + lines + end)
            self._unfinished = rest
        else:
            self._unfinished += data
        if len(self._unfinished) > MAX_UNFINISHED_BYTES:
            self._finish()
        if self._pause and self._transport is not None and len(data) < NO_PAUSE_BYTES:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(self._pause, self._read_on)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()
        self._ended.set()

    @property
    def connected(self) -> bool:
        """Whether a transport has the pipe, and closes it."""
        return self._transport is not None

    async def ended(self) -> None:
        """Return when all that was written has been passed on, and nobody can write any more."""
        await self._ended.wait()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _finish(self) -> None:
        if self._unfinished:
            pass_on(self._unfinished + b"\n")
            self._unfinished = b""


async def worker_log(own: int = STDOUT) -> tuple[int, LogRelay | None]:
    """Where a new worker is to write, which is the caller's to close, and what relays it, if anything has to.

    `own` is the supervisor's standard output. To a file that is appended to, each writes for itself: the system
    puts every write at its end, and whole, but of a process that is killed, or on a full disk. See `end_line`.
    """
    if _is_appended_to(own):
        return os.dup(own), None
    return await log_pipe()


async def log_pipe() -> tuple[int, LogRelay]:
    """The end of a new pipe to write to, which is the caller's to close, and the relay of what is written.

    A write takes what there is room for, and never waits.
    """
    readable, writable = os.pipe()
    pause = PAUSE_S if _widened(writable) else 0
    relay = LogRelay(pause)
    try:
        os.set_blocking(writable, False)
        # uvloop closes the descriptor. A file that closed it as well could close what has its number by then.
        pipe = os.fdopen(readable, "rb", 0, closefd=False)
        await asyncio.get_running_loop().connect_read_pipe(lambda: relay, pipe)
    except BaseException:
        os.close(writable)
        if relay.connected:
            relay.close()
        else:
            os.close(readable)
        raise
    return writable, relay


def end_line(own: int = STDOUT) -> None:
    """End the last line of such a file, should a worker have been killed while it wrote that."""
    with contextlib.suppress(OSError), open(f"/proc/self/fd/{own}", "rb") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                os.write(own, b"\n")


def _is_appended_to(descriptor: int) -> bool:
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return is_file and bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)
    except OSError:  # closed
        return False


def _widened(pipe: int) -> bool:
    """Whether it holds `PIPE_BYTES` now: a user who has many pipes may be given no more."""
    try:
        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES
    except (OSError, AttributeError):  # no such thing but on Linux
        return False
