"""From nothing to a stack that is ready, and back."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from deploy import demo
from deploy.errors import StackError
from deploy.generate_secrets import generate_secrets
from deploy.local.checkout import code_of_checkout
from deploy.local.command import Command
from deploy.local.configuration import check_configuration
from deploy.local.health import until_ready
from deploy.local.leftovers import in_stop_order, marked, running
from deploy.local.logs import SUPERVISOR_LOG, ErrorTail
from deploy.local.ports import require_free
from deploy.local.processes import Process, run_to_end, stop_in_waves
from deploy.local.report import Report, StillWaiting
from deploy.local.runfile import SUPERVISOR, RunFile, Started
from deploy.local.stack import DEPLOYABLES, ROOT, STOP_WAVES, STORE_SECRETS, Deployable, Stack
from deploy.local.stores.postgres import Postgres
from deploy.local.stores.schema import is_current
from deploy.local.stores.valkey import Valkey
from shared.settings.config import read_secret

READY_TIMEOUT_S = 60.0
"""Seconds in which a process must have become ready, once what it waits for is there."""
RECORD_RETRY_INTERVAL_S = 1.0
"""Seconds until a record that could not be written is tried again."""
STOP_TIMEOUT_S = 12.0
"""Seconds that a process may take to drain: a little over the deployables' own grace."""


class Up:
    """The stack, brought up and kept up by this process, which must hold the run file's lock."""

    def __init__(self, stack: Stack, run_file: RunFile, report: Report) -> None:
        self._stack = stack
        self._run_file = run_file
        self._report = report
        self._processes: dict[str, Process] = {}
        self._errors = ErrorTail(report, stack.logs / SUPERVISOR_LOG)
        self._unrecorded = False
        self._code = code_of_checkout()
        self._holding: list[str] = []
        """What is under way that no process can be ready without: a store that starts, a schema being migrated."""
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, when_ready: Callable[[dict[str, str]], None]) -> None:
        """Bring everything up, call `when_ready` with the demo's values, stay until `stop`, then stop everything.

        Raises `StackError` when something is in the way, or a process cannot run as it is configured.
        """
        self._end_leftovers()
        require_free(self._stack.listening())
        for name, nearest in self._stack.unknown_settings():
            self._report.warn(name, "is not a setting" + (f"; the nearest is {nearest}" if nearest else ""))
        generate_secrets(self._stack.secrets)
        check_configuration(self._stack)
        self._run_file.write(self._running(), self._stack.layout(), self._code)
        try:
            await self._until_over(self._bring_up(when_ready))
        finally:
            await self._stop_all()

    def stop(self) -> None:
        """End `run` in order; called a second time, at once."""
        if not self._over.done():
            self._over.set_result(None)
            return
        for process in self._processes.values():
            process.kill()

    def _give_up(self, name: str, reason: str) -> None:
        if not self._over.done():
            end = self._processes[name].last_words()
            self._over.set_exception(StackError(f"{name} {reason}; its log ends with:\n{end}"))

    async def _until_over(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, then follow the logs, until the stack is over. Raises what ended it too early."""

        async def stay() -> None:
            await work
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._errors.follow())
                tasks.create_task(self._keep_record())

        task = asyncio.create_task(stay())
        await asyncio.wait({task, self._over}, return_when=asyncio.FIRST_COMPLETED)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            self._over.result()
        except ExceptionGroup as failed:
            raise first_cause(failed) from None

    def _end_leftovers(self) -> None:
        """End what a supervisor that was killed left running: we hold its lock, so it is gone."""
        left = running(self._run_file, self._stack.var)
        for name, process in in_stop_order(left):
            if name != SUPERVISOR:
                self._report.step(f"ending {name} (pid {process.pid}), left over from a run that was cut short")
                process.end(STOP_TIMEOUT_S)

    async def _bring_up(self, when_ready: Callable[[dict[str, str]], None]) -> None:
        stack = self._stack
        stack.logs.mkdir(parents=True, exist_ok=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._valkey())
            database = tasks.create_task(self._postgres())
            for deployable in DEPLOYABLES:
                tasks.create_task(self._deployable(deployable, database if deployable.migrates else None))
            values = tasks.create_task(self._seed())
        for name, process in self._processes.items():
            process.proven = True
            self._errors.add(name, process.log)  # until now they were waiting for each other, and saying so
        self._report.step("the stack is ready")
        when_ready(values.result())

    async def _postgres(self) -> None:
        if not self._stack.embeds("postgres"):
            return
        server = Postgres(
            self._stack.var / "postgres", self._stack.port("postgres"), self._secret(STORE_SECRETS["postgres"])
        )
        if not server.data.exists():
            self._report.step("creating the PostgreSQL cluster")
        with self._held_by("PostgreSQL to recover") as still:
            await self._start(await asyncio.to_thread(server.prepare))
            await server.wait_ready(still=still)
            await server.create_owner_and_database()
        self._report.step(f"PostgreSQL listens on {self._stack.store_address('postgres')}")

    async def _valkey(self) -> None:
        if not self._stack.embeds("valkey"):
            return
        server = Valkey(
            self._stack.var / "valkey", self._stack.port("valkey"), self._secret(STORE_SECRETS["valkey"])
        )
        with self._held_by("Valkey to load its data") as still:
            await self._start(await asyncio.to_thread(server.prepare))
            await server.wait_ready(still=still)
        self._report.step(f"Valkey listens on {self._stack.store_address('valkey')}")

    async def _deployable(self, deployable: Deployable, database: "asyncio.Task[None] | None") -> None:
        """Migrate what it owns, if anything, once the `database` is there; then start it and wait for it."""
        if database is not None:
            await database
            await self._migrate(deployable)
        process = await self._start(self._stack.command(deployable))
        reason = await self._until_ready(self._stack.health_url(deployable))
        if reason:
            raise StackError(
                f"{deployable.name} is not ready after {READY_TIMEOUT_S:.0f} s: it {reason}. "
                f"{process.log} ends with:\n{process.last_words()}"
            )
        self._report.step(f"{deployable.name} is ready on {self._stack.url(deployable.name)}")

    async def _migrate(self, deployable: Deployable) -> None:
        versions = ROOT / deployable.module.replace(".", "/") / "migrations" / "versions"
        if not await is_current(self._stack.store_dsn("postgres"), deployable.name, versions):
            migrate = marked(self._stack.command(deployable, "migrate"), self._stack.var)
            log = self._stack.logs / f"{deployable.name}.log"
            what = f"the schema of {deployable.name} to be migrated (its log: {log})"
            with self._held_by(what) as still:
                await run_to_end(migrate, log, still)

    @contextmanager
    def _held_by(self, what: str) -> Iterator[StillWaiting]:
        """Meanwhile no process is given up for not being ready. What it gives says what is still waited for."""
        self._holding.append(what)
        try:
            yield StillWaiting(self._report, what)
        finally:
            self._holding.remove(what)

    async def _until_ready(self, url: str) -> str:
        return await until_ready(url, READY_TIMEOUT_S, held=lambda: bool(self._holding))

    async def _seed(self) -> dict[str, str]:
        """Create the demo's objects as soon as the key registry can."""
        registry = self._stack.url("key_registry")
        if await self._until_ready(registry):
            return {}  # whoever starts it reports why
        urls = demo.Urls(
            gateway=self._stack.url("gateway"),
            operator=self._stack.url("operator_validator"),
            sessions=self._stack.url("session_tokens"),
            issuer=self._stack.url("token_issuer"),
            registry=registry,
            console=self._stack.url("console"),
        )
        return await demo.seed(urls, self._secret("admin_token"), self._stack.demo)

    def _secret(self, name: str) -> str:
        try:
            return read_secret(self._stack.secrets / name)
        except ValueError as error:
            raise StackError(f"{error}: restore it, or `make clean` to start afresh") from None

    async def _start(self, command: Command) -> Process:
        command = marked(command, self._stack.var)
        process = Process(command, self._stack.logs, self._report, self._record, self._give_up)
        self._processes[command.name] = process
        await process.start()
        return process

    def _running(self) -> dict[str, Started]:
        started = {n: p.started for n, p in self._processes.items() if p.started is not None}
        return {SUPERVISOR: Started.of(os.getpid()), **started}

    def _record(self) -> None:
        """Record what runs, or try again later: the stack outlives a full disk, and its processes bear a mark."""
        try:
            self._run_file.write(self._running(), self._stack.layout(), self._code)
        except OSError as error:
            if not self._unrecorded:
                self._report.warn("supervisor", f"cannot write {self._run_file.path}: {error.strerror}")
            self._unrecorded = True
        else:
            self._unrecorded = False

    async def _keep_record(self) -> None:
        while True:
            await asyncio.sleep(RECORD_RETRY_INTERVAL_S)
            if self._unrecorded:
                self._record()

    async def _stop_all(self) -> None:
        self._report.step("stopping")
        waves = [[self._processes[name] for name in wave if name in self._processes] for wave in STOP_WAVES]
        await stop_in_waves(waves, STOP_TIMEOUT_S)
        self._run_file.clear()
        self._report.step("stopped")


def first_cause(failed: BaseException) -> BaseException:
    """The first of the errors that tasks ended with together."""
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    return failed
