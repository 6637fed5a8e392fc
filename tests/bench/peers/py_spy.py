"""py-spy, which says from outside what a process of Python is at, many times a second."""

import asyncio
import re
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.peers.envoy import ENVIRONMENT

PROGRAM = ENVIRONMENT / "bin" / "py-spy"
RATE = 500
"""Samples per second."""
GRACE_S = 10.0
"""Seconds after its time in which it has to write what it saw."""
_FRAME = re.compile(r"(.*) \((.*):\d+\)")

Stack = Sequence[tuple[str, str]]
"""Functions, the outermost first, each with the file that it is in."""


def version() -> str:
    """Empty when it is not installed."""
    if not PROGRAM.exists():
        return ""
    printed = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    return printed.split()[-1]


@asynccontextmanager
async def sampled(pid: int, seconds: float, path: Path) -> AsyncIterator[Counter[Stack]]:
    """How often each stack of the threads of `pid` that were at work was seen, once the block is left.

    Nothing where it may not look into the process: it needs the right to trace it.
    """
    seen: Counter[Stack] = Counter()
    path.unlink(missing_ok=True)
    child = await asyncio.create_subprocess_exec(
        PROGRAM, "record", f"--rate={RATE}", f"--duration={seconds:g}", "--format=raw", f"--output={path}",
        f"--pid={pid}", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield seen
        await asyncio.wait_for(child.wait(), seconds + GRACE_S)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if path.exists():
        seen.update(dict(_stacks(path.read_text())))


def _stacks(text: str) -> Iterator[tuple[Stack, int]]:
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [match for frame in stack.split(";") if (match := _FRAME.fullmatch(frame)) is not None]
        yield tuple((frame[1], frame[2]) for frame in frames), int(count)
