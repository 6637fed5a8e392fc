"""The running stack for the end-to-end tests: its addresses, its demo values, ways to hurt one process of it."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from deploy.local.health import all_readiness
from deploy.local.runfile import SUPERVISOR
from deploy.local.stack import DEPLOYABLES, STORE_PORTS
from deploy.local.stack import Stack as Layout
from tests.support.harness.local_stack import LocalStack, local_stack

SERVICES = tuple(deployable.name for deployable in DEPLOYABLES)
"""Every process that speaks HTTP, the gateway among them."""
STORES = tuple(STORE_PORTS)
PATIENCE = 30.0
"""Seconds to wait for what takes below two on an idle machine; this one may be busy."""


class Stack:
    """A stack that is up. Every method may block, for up to `PATIENCE`: for tests that are no coroutines."""

    def __init__(self, local: LocalStack) -> None:
        self.values: Mapping[str, str] = local.values()
        self.demo_env = local.var / "demo.env"
        self.secrets = local.var / "secrets"
        self.logs = local.var / "log"
        self.environment: Mapping[str, str] = local.environment
        self.var = local.var
        self._local = local
        self._layout = Layout(local.var, local.environment)
        self.gateway = self._layout.url("gateway")

    def url(self, name: str) -> str:
        """Where a process answers by itself: for the gateway the public port, `gateway_ops` is the other one."""
        return self._layout.url(name)

    def operations_url(self, name: str) -> str:
        """Where its health, metrics and documentation are."""
        return self._layout.url("gateway_ops" if name == "gateway" else name)

    def log(self, name: str) -> str:
        """All that a process has logged so far."""
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def internal_errors(self) -> list[str]:
        """The lines of all logs that tell of an error which nobody foresaw."""
        lines = (line for name in SERVICES for line in self.log(name).splitlines())
        return [line for line in lines if '"event":"request.failed"' in line]

    def pids(self) -> dict[str, int]:
        """The pid of each process that runs now."""
        return {name: process.pid for name, process in self._local.running().items()}

    def kill(self, name: str) -> None:
        """SIGKILL; returns when it has gone. The supervisor starts it again."""
        self._end(name, signal.SIGKILL)

    def terminate(self, name: str) -> None:
        """SIGTERM; returns at once."""
        os.kill(self._local.running()[name].pid, signal.SIGTERM)

    @contextmanager
    def down(self, name: str) -> Iterator[None]:
        """Killed, and not started again until the end of the context; then everything is ready once more."""
        supervisor = self._local.running()[SUPERVISOR].pid
        os.kill(supervisor, signal.SIGSTOP)
        try:
            self._end(name, signal.SIGKILL)
            yield
        finally:
            os.kill(supervisor, signal.SIGCONT)
        self.until_ready()

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """A black hole until the end of the context: it accepts connections and answers nothing."""
        pids = self._family(name)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        self.until_ready()

    def until_ready(self, limit: float = PATIENCE) -> None:
        """Return when every process runs and is ready."""
        deadline = time.monotonic() + limit
        while reasons := self._not_ready():
            assert time.monotonic() < deadline, reasons
            time.sleep(0.2)  # a look costs as much as some twenty calls

    def missing(self, name: str) -> dict[str, str]:
        """What a process says is missing for it to be ready, each with the reason; nothing when it is ready."""
        response = requests.get(f"{self.operations_url(name)}/health/ready", timeout=5)
        missing: dict[str, str] = response.json().get("missing", {})
        return missing

    def exits(self, name: str) -> list[str]:
        """How the process ended, each time that it did: `exit status 0`, `SIGKILL`."""
        return re.findall(rf"{name} \| ended \(([^)]*)\)", self.log("supervisor"))

    def _not_ready(self) -> dict[str, str]:
        running = self._local.running()
        missing = {name: "does not run" for name in (*SERVICES, *STORES) if name not in running}
        reasons = asyncio.run(all_readiness({name: self.operations_url(name) for name in SERVICES}))
        return missing | {name: reason for name, reason in reasons.items() if reason}

    def _end(self, name: str, number: signal.Signals) -> None:
        process = self._local.running()[name]
        os.kill(process.pid, number)
        assert process.wait(PATIENCE), f"{name} does not end"

    def _family(self, name: str) -> tuple[int, ...]:
        pid = self._local.running()[name].pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return (pid, *map(int, children))


@contextmanager
def running_stack() -> Iterator[Stack]:
    """A stack of one's own, up; stopped and deleted afterwards."""
    with local_stack() as local, local.forked():
        yield Stack(local)
