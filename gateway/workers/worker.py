"""One worker: a process that is started again when it ends."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine, Sequence

import structlog

from gateway.workers.client import WorkerClient
from gateway.workers.log_relay import end_line, worker_log
from gateway.workers.place import WorkerPlace
from gateway.workers.samples import Family
from shared.background_task import BackgroundTask
from shared.errors import Unavailable

log = structlog.get_logger()

FIRST_RESTART_S = 0.1
MAX_RESTART_S = 5.0
"""Seconds before a worker that has ended is started again: doubled each time, up to the bound."""
STEADY_AFTER_S = 10.0
"""Seconds of life after which the ends before it no longer count."""
BAD_CONFIGURATION = 2
"""The exit status of a process that cannot run as it is configured."""
KILLED_WITHIN_S = 5.0
"""Seconds in which a process that was sent SIGKILL is gone."""
LAST_LINES_WITHIN_S = 1.0
"""Seconds in which the last lines of one that has ended are passed on."""
UP_INTERVAL_S = 0.05
"""Seconds between two looks whether a worker has come up."""
COMMAND = (sys.executable, "-m", "gateway", "serve-worker")


class Worker:
    """Runs from `start` to `stop`; `number` is in each line of its log."""

    def __init__(self, place: WorkerPlace, command: Sequence[str] = COMMAND) -> None:
        self.number = place.number
        self.restarts = 0
        """How often it has ended unexpectedly."""
        self.proven = False
        """Whether it has been up: from then on it is started again for as long as it takes."""
        self.refused = False
        """Whether it ended before that because of its configuration."""
        self._client = WorkerClient(place.socket)
        self._command = (*command, place.model_dump_json())
        self._lifeline = place.lifeline
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        """Set when it has ended, and will not be started again."""
        self._task = BackgroundTask(f"worker {place.number}", self._keep, once=True)

    @property
    def run(self) -> tuple[int, int] | None:
        """Its number, and which of its processes runs now; None while there is none."""
        return None if self._process is None else (self.number, self.restarts)

    async def start(self) -> None:
        """Start its process; it may take a while to come up."""
        await self._client.start()
        await self._task.start()

    async def up(self) -> None:
        """Return when it has come up, or will never do so because of its configuration."""
        while not (self.proven or self.refused):
            try:
                await self.get("/health/live")
                self.proven = True
            except Unavailable:
                await asyncio.sleep(UP_INTERVAL_S)

    async def stop(self, grace: float) -> None:
        """SIGTERM, and wait for its end; after `grace` seconds SIGKILL."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        if not await _within(grace, self._ended.wait()):
            log.error("worker.killed", worker=self.number, after_s=grace)
            self._signal(signal.SIGKILL)
            await _within(KILLED_WITHIN_S, self._ended.wait())
        await self._task.stop()
        await self._client.stop()

    async def get(self, path: str) -> tuple[int, object]:
        """Status and JSON at a path of its operators' application. Raises `Unavailable`."""
        if self._process is None:
            raise Unavailable("does not run")
        return await self._client.get(path)

    async def samples(self) -> list[Family]:
        """Its metrics as they are now. Raises `Unavailable`."""
        return await self._client.samples()

    async def _keep(self) -> None:
        await self._run_until_stopped()
        self._ended.set()

    async def _run_until_stopped(self) -> None:
        delay = FIRST_RESTART_S
        while not self._stopping.is_set():
            started = time.monotonic()
            reason = await self._live()
            if self._stopping.is_set() or self.refused:
                return
            if time.monotonic() - started >= STEADY_AFTER_S:
                delay = FIRST_RESTART_S
            self.restarts += 1
            log.error("worker.ended", worker=self.number, reason=reason, restart_in_s=delay)
            if await _within(delay, self._stopping.wait()):
                return
            delay = min(delay * 2, MAX_RESTART_S)

    async def _live(self) -> str:
        """One process, from its start to its end: how it ended."""
        try:
            writable, relay = await worker_log()
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=writable,
                    pass_fds=(self._lifeline,),
                )
            except BaseException:
                if relay is not None:
                    relay.close()
                raise
            finally:
                os.close(writable)
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        self._process = process
        log.info("worker.started", worker=self.number, pid=process.pid)
        if self._stopping.is_set():  # set while there was nothing to signal
            self._signal(signal.SIGTERM)
        try:
            status = await process.wait()
        finally:
            self._process = None
        if relay is not None:
            await _within(LAST_LINES_WITHIN_S, relay.ended())
        elif status:
            end_line()
        self.refused = status == BAD_CONFIGURATION and not self.proven
        return f"exit status {status}" if status >= 0 else signal.Signals(-status).name

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)


async def _within(seconds: float, event: Coroutine[None, None, object]) -> bool:
    """Whether `event` has come after so many seconds at most."""
    try:
        await asyncio.wait_for(event, seconds)
    except TimeoutError:
        return False
    return True
