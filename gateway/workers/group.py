"""All workers of one gateway, and what they share: the public port, the pipe that ends them, a directory."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway.config import Settings
from gateway.workers.lifeline import Lifeline
from gateway.workers.place import WorkerPlace
from gateway.workers.reserved_port import ReservedPort
from gateway.workers.worker import COMMAND, Worker
from shared.settings.config import ConfigError

log = structlog.get_logger()

UP_LIMIT_S = 30.0
"""Seconds that the start waits for the workers to come up."""
END_MARGIN_S = 2.5
"""Seconds beyond the grace of a drain in which a worker must have ended."""
MAX_SOCKET_PATH = 100
"""Bytes: Linux takes no more than 107."""


class Workers:
    """A resource of the supervisor: starts all workers, and drains and ends them at its end."""

    def __init__(self, settings: Settings, count: int, *, command: Sequence[str] = COMMAND) -> None:
        self.all: tuple[Worker, ...] = ()
        self._settings = settings
        self._count = count
        self._command = command
        self._port: ReservedPort | None = None
        self._decision_port: ReservedPort | None = None
        self._lifeline: Lifeline | None = None
        self._directory: Path | None = None

    async def start(self) -> None:
        """Returns when all are up, or after `UP_LIMIT_S`.

        Raises `ConfigError` when the public port is taken, or a worker cannot run as it is configured.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        settings = self._settings
        self._port = ReservedPort(settings.host, settings.port)
        if settings.decision_port is not None:
            self._decision_port = ReservedPort(
                settings.decision_host,
                settings.decision_port,
                host_setting="PASSGATE_DECISION_HOST",
                port_setting="PASSGATE_DECISION_PORT",
            )
        # The other port is listened on at the end: that it is taken should be found out before anything starts.
        ReservedPort(settings.host, settings.ops_port, port_setting="PASSGATE_OPS_PORT").close()
        self._directory = _private_directory()
        self._lifeline = Lifeline()
        gateway_id = secrets.token_hex(8)
        places = [
            WorkerPlace(
                number=number,
                port=self._port.port,
                decision_port=None if self._decision_port is None else self._decision_port.port,
                socket=self._directory / f"{number}.sock",
                lifeline=self._lifeline.descriptor,
                gateway_id=gateway_id,
            )
            for number in range(self._count)
        ]
        self.all = tuple(Worker(place, self._command) for place in places)
        log.info("workers.starting", workers=self._count, port=self._port.port)
        for worker in self.all:
            await worker.start()
        await self._up()

    async def _up(self) -> None:
        try:
            async with asyncio.timeout(UP_LIMIT_S):
                await asyncio.gather(*(worker.up() for worker in self.all))
        except TimeoutError:
            log.error("workers.not_up", workers=[w.number for w in self.all if not w.proven], after_s=UP_LIMIT_S)
        if refused := [worker.number for worker in self.all if worker.refused]:
            raise ConfigError(f"worker {refused[0]} cannot run as it is configured")
        for worker in self.all:
            worker.proven = True

    async def stop(self) -> None:
        grace = self._settings.shutdown_grace + END_MARGIN_S
        await asyncio.gather(*(worker.stop(grace) for worker in self.all))
        if self._lifeline is not None:
            self._lifeline.close()
        for reserved in (self._port, self._decision_port):
            if reserved is not None:
                reserved.close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def _private_directory() -> Path:
    """A new directory that only this user can enter. Raises `ConfigError` naming the variable that says where."""
    try:
        directory = Path(tempfile.mkdtemp(prefix="passgate-"))
    except OSError as error:
        raise ConfigError(f"TMPDIR: no directory for the workers' sockets: {error.strerror}") from error
    if len(bytes(directory)) > MAX_SOCKET_PATH - len("/00.sock"):
        directory.rmdir()
        raise ConfigError(f"TMPDIR: {directory} is too long a path for the workers' sockets")
    return directory
