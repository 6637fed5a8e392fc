"""Keeps the processes of the stack running: starts them, starts again what dies, stops all in order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.logs import cause_of_death, last_words, size_of
from deploy.local.report import Report
from deploy.local.runfile import Started

FIRST_RESTART_DELAY_S = 0.1
MAX_RESTART_DELAY_S = 5.0
"""Seconds before a process that died is started again; doubled each time that it dies young."""
SETTLED_AFTER_S = 10.0
"""Seconds of life after which a death is not held against the next start."""
MAX_EARLY_DEATHS = 5
"""Deaths in a row after which a process that has never worked is given up."""
STILL_INTERVAL_S = 1.0
"""Seconds between two looks at a command that has not ended."""
BAD_CONFIGURATION = 2
"""The exit status of a deployable that cannot run as it is configured: starting it again is no use."""


class Process:
    """One command, kept alive until `stop`.

    `changed` is called when `started` has changed, and must not raise; `give_up`, with the name and the reason, if
    starting it again is no use: its configuration is wrong, or it dies young again and again and has never been
    `proven`.
    """

    def __init__(
        self,
        command: Command,
        logs: Path,
        report: Report,
        changed: Callable[[], None],
        give_up: Callable[[str, str], None],
    ) -> None:
        self.name = command.name
        self.log = logs / f"{command.name}.log"
        self.started: Started | None = None
        self.proven = False
        """Set by whoever has seen it work: from then on it is started again for as long as it takes."""
        self._log_start = 0
        self._command = command
        self._report = report
        self._changed = changed
        self._give_up = give_up
        self._stopping = asyncio.Event()
        self._child: asyncio.subprocess.Process | None = None
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, once; from then on it is started again whenever it ends."""
        await self._spawn()

    def last_words(self) -> str:
        """The end of what it has logged since it was last started."""
        return last_words(self.log, self._log_start)

    async def _spawn(self) -> None:
        self._log_start = size_of(self.log)
        with self.log.open("ab") as output:
            self._child = await asyncio.create_subprocess_exec(
                *self._command.full_argv(),
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                **self._command.popen_options(),
            )
        self.started = Started.of(self._child.pid, self._command.stop_signal)
        if self._life is None:
            self._life = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        self._changed()  # last: from here on `stop` ends the process whatever goes wrong

    async def _keep(self) -> None:
        pause, deaths = FIRST_RESTART_DELAY_S, 0
        while self._child is not None:
            born = time.monotonic()
            status = await self._child.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - born > SETTLED_AFTER_S:
                pause, deaths = FIRST_RESTART_DELAY_S, 0
            deaths += 1
            if hopeless := self._hopeless(status, deaths):
                self._give_up(self.name, hopeless)
                return
            said = cause_of_death(self.last_words())
            log = f"; its log ends with: {said}" if said else ""
            self._report.warn(self.name, f"ended ({ending(status)}); starting it again in {pause:.1f} s{log}")
            while not await self._stopped_within(pause):
                pause = min(pause * 2, MAX_RESTART_DELAY_S)
                if await self._respawned():
                    break

    def _hopeless(self, status: int, deaths: int) -> str:
        """Why starting it again is no use; empty if it may be."""
        if status == BAD_CONFIGURATION:
            return "cannot run as it is configured"
        if deaths >= MAX_EARLY_DEATHS and not self.proven:
            return f"ended {deaths} times in a row ({ending(status)})"
        return ""

    async def _respawned(self) -> bool:
        try:
            await self._spawn()
        except OSError as error:
            self._report.warn(self.name, f"cannot be started: {error}")
            return False
        if self._stopping.is_set():  # stop() came while there was nothing to signal
            self._signal(self._command.stop_signal)
        return True

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def stop(self, grace: float) -> None:
        """End it, and start it no more: its own signal first, after `grace` seconds SIGKILL."""
        self._stopping.set()
        if self._child is None or self._life is None:
            return
        self._signal(self._command.stop_signal)
        # `wait` raises nothing of what went wrong in its life: the other processes are to be stopped all the same.
        _, alive = await asyncio.wait({self._life}, timeout=grace)
        if alive:
            self._report.warn(self.name, f"did not stop within {grace:.0f} s; killed")
            self._signal(signal.SIGKILL)
            await asyncio.wait({self._life})
        self.started = None
        self._changed()

    def kill(self) -> None:
        """End it at once, and start it no more."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(number)


async def stop_in_waves(waves: Sequence[Sequence[Process]], grace: float) -> None:
    """Stop each wave's processes together, one wave after the other."""
    for wave in waves:
        await asyncio.gather(*(process.stop(grace) for process in wave))


async def run_to_end(command: Command, log: Path, still: Callable[[], None]) -> None:
    """Run a command that ends by itself, however long it takes: what it has done would be lost if it were ended.

    `still` is called each second meanwhile. Raises `StackError` with its last words unless it succeeds.
    """
    log_start = size_of(log)
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *command.full_argv(), stdout=output, stderr=asyncio.subprocess.STDOUT, **command.popen_options()
        )
    end = asyncio.create_task(child.wait())
    try:
        while not (await asyncio.wait({end}, timeout=STILL_INTERVAL_S))[0]:
            still()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it has ended just now
                child.kill()
        await end
    if (status := end.result()) != 0:
        what = " ".join(command.argv[1:])
        raise StackError(f"{what} failed ({ending(status)}); {log} ends with:\n{last_words(log, log_start)}")


def ending(status: int) -> str:
    """An exit status in words."""
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
