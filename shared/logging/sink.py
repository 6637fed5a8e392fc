"""Where log lines go. A stream that cannot be written costs log lines and nothing else."""

import asyncio
import io
import select
import stat
import sys
from collections.abc import Callable
from os import fstat, get_blocking
from time import monotonic
from typing import Protocol

STALL_MS = 100
"""For how long a reader that takes too little is waited for, once; then lines are dropped until it reads again."""


class Stream(Protocol):
    """Unbuffered."""

    def write(self, data: bytes, /) -> int | None:
        """How many bytes were taken, None for none."""
        ...


class LogSink:
    """Writes whole lines and never raises; `lost` counts the lines that could not be written.

    With the first line that can be written again goes another one, `notice` of how many were lost in between.
    """

    def __init__(self, stream: Stream | None, notice: Callable[[int], bytes]) -> None:
        self.lost = 0
        self.lost_at = float("-inf")
        """When a line could not be written last, by the monotonic clock."""
        self._stream = stream
        self._notice = notice
        self._lost_in_a_row = 0
        self._collected: list[bytes] = []
        self._torn = False
        """Whether the last line was written in part."""
        self._poll = _writability(stream)
        self._in_parts = isinstance(stream, io.FileIO) and self._poll is not None and get_blocking(stream.fileno())

    def collect(self, line: bytes) -> None:
        """As `write`, together with the other lines of this turn of the event loop; at once where there is none."""
        if self._collected:
            self._collected.append(line)
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self.write(line)
        else:
            self._collected.append(line)

    def flush(self) -> None:
        """Write what was collected; when that cannot be written whole, all of its lines are counted as lost."""
        lines, self._collected = self._collected, []
        if lines:
            self._write_or_lose(b"".join(lines), len(lines))

    def write(self, line: bytes, lines: int = 1) -> None:
        """Write `line`, or so many of them; the last ends in a newline."""
        self.flush()
        self._write_or_lose(line, lines)

    def lose(self, lines: int = 1) -> None:
        """Count lines that are not written."""
        self.lost += lines
        self._lost_in_a_row += lines

    def _write_or_lose(self, line: bytes, lines: int) -> None:
        try:
            if not self._lost_in_a_row:
                self._write(line)
                return
            self._write((b"\n" if self._torn else b"") + self._notice(self._lost_in_a_row) + line)
            self._lost_in_a_row, self._torn = 0, False
        except Exception:  # whatever it is: whoever logs has something else to do
            self.lose(lines)
            self.lost_at = monotonic()

    def _write(self, data: bytes) -> None:
        if self._stream is None:
            raise OSError("there is no standard output")
        until = 0.0
        while data:
            if self._poll is not None and not self._poll.poll(0):
                now = monotonic()
                until = until or now + (0.0 if self._lost_in_a_row else STALL_MS / 1000)
                if now >= until or not self._poll.poll((until - now) * 1000):
                    raise BlockingIOError("the reader takes too little")
            part = data[: select.PIPE_BUF] if self._in_parts else data  # so much is taken without waiting
            written = self._stream.write(part)
            if not written:
                raise BlockingIOError("nothing was taken")
            data = data[written:]
            self._torn = bool(data)


def standard_output() -> Stream | None:
    """Standard output without a buffer, whose rest would fail the process at its end; None when it is closed."""
    if sys.stdout is None:
        return None
    try:
        return io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
    except (OSError, ValueError):
        return getattr(sys.stdout, "buffer", None)


def _writability(stream: Stream | None) -> "select.poll | None":
    """What shows whether a pipe or socket takes more; None for a file, which always does, and for a terminal."""
    if not isinstance(stream, io.FileIO):
        return None
    try:
        mode = fstat(stream.fileno()).st_mode
        if not stat.S_ISFIFO(mode) and not stat.S_ISSOCK(mode):
            return None
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return None
    return poll
