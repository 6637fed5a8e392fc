"""A forked process for tests that are coroutines; the interface is that of `asyncio.subprocess.Process`."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence

from tests.support.harness.forking.client import fork


class AsyncForkedProcess:
    """Read its streams: it stops when a pipe is full."""

    def __init__(self, pid: int, status: asyncio.StreamReader, *outputs: asyncio.StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """The exit status, negative: the signal that ended it."""
        self.outputs = outputs
        self._ended = asyncio.create_task(self._read_status(status))

    @property
    def stdout(self) -> asyncio.StreamReader:
        return self.outputs[0]

    @property
    def stderr(self) -> asyncio.StreamReader:
        return self.outputs[-1]

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def communicate(self) -> tuple[bytes, bytes]:
        """All that it writes until it has ended: on standard output, and to standard error."""
        output, errors, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return output, errors

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def _read_status(self, status: asyncio.StreamReader) -> int:
        self.returncode = int(await status.readline())
        return self.returncode


async def start_process(
    module: str, *arguments: str, environment: Mapping[str, str], merged: bool = False
) -> AsyncForkedProcess:
    """`python -m module ...`. `environment` is all that it has; `merged`: errors go to standard output as well."""
    pipes = [os.pipe() for _ in range(1 if merged else 2)]
    writing = [end for _, end in pipes]
    try:
        readers = [await _reader(end) for end, _ in pipes]
        return await fork_process(
            module, *arguments, environment=environment, output=writing[0], errors=writing[-1], readers=readers
        )
    finally:
        for end in writing:
            os.close(end)


async def fork_process(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    output: int,
    errors: int,
    readers: Sequence[asyncio.StreamReader] = (),
) -> AsyncForkedProcess:
    """The same, which writes to these descriptors; `readers` read at their other ends."""
    pid, status = await asyncio.to_thread(fork, module, arguments, environment, output, errors)
    return AsyncForkedProcess(pid, await _reader(status), *readers)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    """It closes the descriptor: uvloop does, and a second time is once too often, when others have that number."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe = os.fdopen(descriptor, "rb", buffering=0, closefd=False)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader
