"""Processes that no supervisor looks after, started in whatever order a test wants."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from deploy import demo
from deploy.generate_secrets import generate_secrets
from deploy.local.stack import DEPLOYABLES, STORE_SECRETS, Deployable, port_variables
from deploy.local.stack import Stack as Layout
from deploy.local.stores.postgres import Postgres
from deploy.local.stores.valkey import Valkey
from shared.settings.config import read_secret
from tests.support.free_port import free_port
from tests.support.harness.forking.process import ForkedProcess
from tests.support.harness.stack import PATIENCE
from tests.support.harness.stores import FAST, RunningStore


class Unattended:
    """The deployables of a stack of its own under `directory`. Every method may block, for up to a minute."""

    def __init__(self, directory: Path) -> None:
        ports = {name: str(free_port()) for name in port_variables()}
        self.layout = Layout(directory / "var", ports)
        self.layout.logs.mkdir(parents=True)
        generate_secrets(self.layout.secrets)
        self.processes: dict[str, ForkedProcess] = {}

    def start(self, deployable: Deployable) -> None:
        command, log = self.layout.command(deployable), self.layout.logs / f"{deployable.name}.log"
        _, _, module, *arguments = command.argv
        self.processes[deployable.name] = ForkedProcess(
            module, *arguments, environment=command.environment, output=log, errors=log
        )

    @contextmanager
    def stores(self) -> Iterator[None]:
        """PostgreSQL and Valkey, empty but for the schemas."""
        var = self.layout.var
        password = self._secret(STORE_SECRETS["postgres"])
        postgres = Postgres(var / "postgres", self.layout.port("postgres"), password, FAST)
        valkey = Valkey(var / "valkey", self.layout.port("valkey"), self._secret(STORE_SECRETS["valkey"]))
        with ExitStack() as running:
            for server in (postgres, valkey):
                store = RunningStore(server, server.prepare(), self.layout.logs / "stores.log")
                store.start()
                running.callback(store.stop)
            asyncio.run(postgres.create_owner_and_database())
            self._migrate()
            yield

    def seed(self) -> Mapping[str, str]:
        """Make the demo's company; its variables."""
        names = {"gateway": "gateway", "operator": "operator_validator", "sessions": "session_tokens"}
        names |= {"issuer": "token_issuer", "registry": "key_registry", "console": "console"}
        urls = demo.Urls(**{role: self.layout.url(name) for role, name in names.items()})
        return asyncio.run(demo.seed(urls, self._secret("admin_token"), self.layout.demo))

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
                    response = self.health(name, what)
                except requests.ConnectionError:
                    response = None
                if response is not None and response.status_code == status:
                    break
                assert time.monotonic() < deadline, (name, response and response.text)
                time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            finally:
                process.kill()

    def _secret(self, name: str) -> str:
        return read_secret(self.layout.secrets / name)

    def _migrate(self) -> None:
        with (self.layout.logs / "migrate.log").open("ab") as output:
            migrations = [self.layout.command(d, "migrate").start(output) for d in DEPLOYABLES if d.migrates]
        assert [migration.wait(60) for migration in migrations] == [0] * len(migrations)
