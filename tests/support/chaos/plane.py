"""Several copies of the deployables over real stores, each connection among them through a proxy that can be hurt.

The processes are those of the local stack, with the environment that it gives them; only the addresses differ.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.generate_secrets import generate_secrets
from deploy.local.health import until_ready
from deploy.local.stack import DEPLOYABLES, Stack, port_variables
from deploy.local.stores.postgres import DATABASE, OWNER, Postgres
from deploy.local.stores.valkey import Valkey
from shared.settings.config import read_secret
from tests.support.chaos.routes import write_routes
from tests.support.chaos.stores import waited_for_cpu
from tests.support.free_port import free_port
from tests.support.harness.commands import run_command
from tests.support.harness.forking.process import ForkedProcess
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.stores import RunningStore, embedded_postgres, embedded_valkey, reachable_directory

READY_LIMIT = 60.0
"""Seconds for all processes to start on a machine that does much else."""
ROUTES = 40
"""Applications with routes at a time: what is revoked never comes back, so that each sequence takes new ones."""

REGISTRIES = ("key_registry-a", "key_registry-b")
GATEWAYS = ("gateway-1", "gateway-2", "gateway-3")
OTHERS = ("token_issuer", "session_tokens", "operator_validator")
CONSUMERS = (*GATEWAYS, *OTHERS)
INSTANCES = (*REGISTRIES, *CONSUMERS)

FOLLOWED_REGISTRY = {name: REGISTRIES[index % 2] for index, name in enumerate(CONSUMERS)}
"""Which copy of the registry each consumer follows."""

BY_NAME = {deployable.name: deployable for deployable in DEPLOYABLES}
STORE_VARIABLES = {"PASSGATE_DATABASE_URL": "postgres", "PASSGATE_REDIS_URL": "valkey"}


@dataclass
class Process:
    """One instance. Everything here blocks."""

    name: str
    environment: Mapping[str, str]
    log: Path
    running: ForkedProcess | None = None

    def start(self) -> None:
        module = BY_NAME[deployable_of(self.name)].module
        self.running = ForkedProcess(module, environment=self.environment, output=self.log, errors=self.log)

    def end(self, *, at_once: bool) -> None:
        """SIGKILL, or SIGTERM with the time that a drain takes."""
        if self.running is None:
            return
        if not at_once:
            self.running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.running.wait(12)
        self.running.kill()
        self.running.wait(10)

    @property
    def pid(self) -> int:
        return 0 if self.running is None else self.running.pid

    def starved(self) -> float:
        """Seconds for which it has waited for a CPU."""
        return waited_for_cpu(self.pid)


@dataclass
class Plane:
    """What runs. `links` are the proxies, by who connects and to what: `("gateway-1", "registry")`."""

    var: Path
    bound: float
    admin_token: str
    urls: Mapping[str, str]
    processes: Mapping[str, Process]
    links: Mapping[tuple[str, str], FaultProxy]
    postgres: RunningStore[Postgres]
    valkey: RunningStore[Valkey]

    def route(self, applications: Iterable[int]) -> None:
        """Give these applications routes, and no others; the gateways load them within seconds."""
        write_routes(self.var / "routes.yaml", self.urls, applications)

    @property
    def valkey_data(self) -> Path:
        return self.valkey.store.directory / "data"

    def forget_valkey_data(self, backup: Path | None = None) -> None:
        """With the server down: put the data of `backup`, or none, in the place of its own."""
        shutil.rmtree(self.valkey_data)
        if backup is not None:
            shutil.copytree(backup, self.valkey_data)
        self.valkey.store.prepare()

    def copy_valkey_data(self, to: Path) -> None:
        """A backup as a copy of the files of the running server."""
        shutil.copytree(self.valkey_data, to)

    async def until_ready(self) -> None:
        """Raises `AssertionError`, with the end of its log, for a process that ends, or does not get ready."""
        await asyncio.gather(*(self._until_ready(self.processes[name]) for name in INSTANCES))

    async def _until_ready(self, process: Process) -> None:
        deadline, url = time.monotonic() + READY_LIMIT, self.urls[f"{process.name} operations"]
        while reason := await until_ready(url, 1.0):
            ended = process.running is None or process.running.poll() is not None
            waited_enough = ended or time.monotonic() > deadline
            assert not waited_enough, f"{process.name} {reason}\n{process.log.read_text()[-2000:]}"

    def consumers_of(self, registry: str) -> frozenset[str]:
        return frozenset(name for name, followed in FOLLOWED_REGISTRY.items() if followed == registry)


@asynccontextmanager
async def running_plane(upstream: str, *, bound: float, **environment: str) -> AsyncIterator[Plane]:
    """Everything up and ready. The gateways forward all that they let through to `upstream`."""
    async with AsyncExitStack() as stack:
        var = stack.enter_context(reachable_directory()) / "plane"
        postgres = stack.enter_context(embedded_postgres(durable=True))
        valkey = stack.enter_context(embedded_valkey())
        await postgres.store.create_owner_and_database()
        generate_secrets(var / "secrets")
        # An RSA key for each signing key that is revoked would keep a CPU busy for a second.
        fixed = {"PASSGATE_STALENESS_BOUND": str(bound), "PASSGATE_SIGNING_ALGORITHM": "ES256"}
        layout = _layout(var, postgres, valkey, {**fixed, **environment})
        await _migrate(layout)

        urls = _urls(layout) | {"protected": upstream}
        write_routes(var / "routes.yaml", urls, range(ROUTES))
        links = await _links(stack, urls, postgres, valkey)
        processes = {name: _process(name, layout, urls, links) for name in INSTANCES}
        plane = Plane(
            var, bound, read_secret(var / "secrets" / "admin_token"), urls, processes, links, postgres, valkey
        )
        stack.callback(_end_all, processes)
        for process in processes.values():
            process.start()
        await plane.until_ready()
        yield plane


def deployable_of(instance: str) -> str:
    return instance.partition("-")[0]


def _urls(layout: Stack) -> dict[str, str]:
    """Where each instance listens, and under `<name> operations` where its health is."""
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in (*REGISTRIES, *GATEWAYS)}
    urls |= {name: layout.url(name) for name in OTHERS}
    operations = {f"{name} operations": f"http://127.0.0.1:{free_port()}" for name in GATEWAYS}
    return urls | {f"{name} operations": urls[name] for name in INSTANCES} | operations


def _layout(
    var: Path, postgres: RunningStore[Postgres], valkey: RunningStore[Valkey], settings: Mapping[str, str]
) -> Stack:
    ports = {name: str(free_port()) for name in port_variables()}
    stores = {
        "PASSGATE_DATABASE_URL": postgres.store.dsn(OWNER, DATABASE),
        "PASSGATE_REDIS_URL": valkey.store.url(),
    }
    own = {
        "PASSGATE_ROUTES_FILE": str(var / "routes.yaml"),
        "PASSGATE_SIGNING_ALGORITHM": "ES256",
        "PASSGATE_SIGNING_KEY_PROPAGATION": "0",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PASSGATE_")}
    return Stack(var, {**inherited, **ports, **stores, **own, **settings})


async def _links(
    stack: AsyncExitStack,
    urls: Mapping[str, str],
    postgres: RunningStore[Postgres],
    valkey: RunningStore[Valkey],
) -> dict[tuple[str, str], FaultProxy]:
    links = {}
    for name in INSTANCES:
        targets = {"postgres": postgres.store.port, "valkey": valkey.store.port}
        if name in FOLLOWED_REGISTRY:
            targets["registry"] = urlsplit(urls[FOLLOWED_REGISTRY[name]]).port or 0
        for target, port in targets.items():
            links[name, target] = await stack.enter_async_context(FaultProxy("127.0.0.1", port))
    return links


def _process(
    name: str, layout: Stack, urls: Mapping[str, str], links: Mapping[tuple[str, str], FaultProxy]
) -> Process:
    environment = dict(layout.command(BY_NAME[deployable_of(name)]).environment)
    environment["PASSGATE_PORT"] = str(urlsplit(urls[name]).port)
    if name in GATEWAYS:
        environment["PASSGATE_OPS_PORT"] = str(urlsplit(urls[f"{name} operations"]).port)
    if name in FOLLOWED_REGISTRY:
        environment["PASSGATE_KEY_REGISTRY_URL"] = f"http://127.0.0.1:{links[name, 'registry'].port}"
    for variable, store in STORE_VARIABLES.items():
        if variable in environment:
            environment[variable] = _through(environment[variable], links[name, store].port)
    return Process(name, environment, layout.var / f"{name}.log")


def _through(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}"))


async def _migrate(layout: Stack) -> None:
    for deployable in DEPLOYABLES:
        if deployable.migrates:
            environment = layout.command(deployable, "migrate").environment
            ended = await asyncio.to_thread(run_command, deployable.module, "migrate", environment=environment)
            assert ended.status == 0, ended.errors


def _end_all(processes: Mapping[str, Process]) -> None:
    for process in processes.values():
        process.end(at_once=True)
