"""A peer's process: started for the measurement, ended after it, also when the run before was cut short."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.runfile import RunFile, Started
from tests.bench.load import HOST
from tests.support.free_port import free_port

READY_LIMIT = 20.0
STOP_PATIENCE = 5.0
"""Seconds."""


def end_leftovers(run_file: RunFile) -> None:
    """End what a run that was cut short has listed there."""
    for process in run_file.read().values():
        process.end(STOP_PATIENCE)
    run_file.clear()


def free_ports(count: int) -> list[int]:
    """So many free ports, no two alike."""
    return [free_port() for _ in range(count)]


class Peers:
    """The processes that this run has started, listed in `run_file` so that the next run can `end_leftovers`."""

    def __init__(self, run_file: RunFile, logs: Path) -> None:
        self._run_file = run_file
        self._logs = logs
        self._running: dict[str, Started] = {}

    @asynccontextmanager
    async def running(self, command: Command, port: int) -> AsyncIterator[int]:
        """The pid of `command`, once it listens on `port`. Raises `StackError` if it does not come to that."""
        log = self._logs / f"{command.name}.log"
        with log.open("ab") as output:  # as `make up` does
            child = command.start(output)
        self._running[command.name] = started = Started.of(child.pid, command.stop_signal)
        self._run_file.write(self._running)
        try:
            if not await _listens(port, started):
                raise StackError(f"{command.name} does not listen; {log} ends with:\n{log.read_text()[-2000:]}")
            yield child.pid
        finally:
            await asyncio.to_thread(started.end, STOP_PATIENCE)
            child.wait(timeout=STOP_PATIENCE)
            del self._running[command.name]
            self._run_file.write(self._running)


async def _listens(port: int, process: Started) -> bool:
    deadline = asyncio.get_running_loop().time() + READY_LIMIT
    while process.alive() and asyncio.get_running_loop().time() < deadline:
        with suppress(OSError):
            _, writer = await asyncio.wait_for(asyncio.open_connection(HOST, port), 1)
            writer.close()
            return True
        await asyncio.sleep(0.05)
    return False
