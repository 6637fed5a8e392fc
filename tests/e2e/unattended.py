"""Processes that no supervisor looks after, started in whatever order a test wants."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from deploy.generate_secrets import generate_secrets
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from deploy.local.stack import DEPLOYABLES, STORE_SECRETS, Deployable, port_variables
from deploy.local.stack import Stack as Layout
from deploy.local.valkey import Valkey
from shared.config import read_secret
from tests.support.stack import PATIENCE
from tests.support.stores import RunningStore


class Unattended:
    """The deployables of a stack of its own under `directory`. Every method may block, for up to a minute."""

    def __init__(self, directory: Path) -> None:
        ports = {name: str(free_port()) for name in port_variables()}
        self.layout = Layout(directory / "var", ports)
        self.layout.logs.mkdir(parents=True)
        generate_secrets(self.layout.secrets)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, deployable: Deployable) -> None:
        with (self.layout.logs / f"{deployable.name}.log").open("wb") as output:
            self.processes[deployable.name] = self.layout.command(deployable).start(output)

    @contextmanager
    def stores(self) -> Iterator[None]:
        """PostgreSQL and Valkey, empty but for the schemas."""
        var, secrets = self.layout.var, self.layout.secrets
        password = read_secret(secrets / STORE_SECRETS["postgres"])
        postgres = Postgres(var / "postgres", self.layout.port("postgres"), password)
        valkey = Valkey(var / "valkey", self.layout.port("valkey"), read_secret(secrets / STORE_SECRETS["valkey"]))
        with ExitStack() as running:
            for server in (postgres, valkey):
                store = RunningStore(server, server.prepare(), self.layout.logs / "stores.log")
                store.start()
                running.callback(store.stop)
            asyncio.run(postgres.create_owner_and_database())
            for deployable in DEPLOYABLES:
                if deployable.migrates:
                    self._migrate(deployable)
            yield

    def _migrate(self, deployable: Deployable) -> None:
        with (self.layout.logs / "migrate.log").open("ab") as output:
            assert self.layout.command(deployable, "migrate").start(output).wait(60) == 0

    def health(self, name: str, what: str) -> requests.Response:
        url = self.layout.health_url(next(d for d in DEPLOYABLES if d.name == name))
        return requests.get(f"{url}/health/{what}", timeout=5)

    def until(self, what: str, status: int) -> None:
        """Every process that was started runs, and answers so."""
        deadline = time.monotonic() + PATIENCE
        for name, process in self.processes.items():
            while True:
                assert process.poll() is None, f"{name} has ended"
                try:
                    answer = self.health(name, what)
                except requests.ConnectionError:
                    answer = None
                if answer is not None and answer.status_code == status:
                    break
                assert time.monotonic() < deadline, (name, answer and answer.text)
                time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            finally:
                process.kill()
