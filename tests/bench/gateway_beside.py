"""One more gateway beside that of the stack, with settings of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.health import until_ready
from deploy.local.stack import DEPLOYABLES, Stack
from tests.bench.load import HOST
from tests.bench.process import Peers, free_ports

READY_LIMIT = 30.0
"""Seconds."""
GATEWAY = next(deployable for deployable in DEPLOYABLES if deployable.name == "gateway")


@dataclass(frozen=True)
class OneMore:
    """Its process, its public port, and where its health is."""

    pid: int
    port: int
    ops_port: int


def gateway_command(stack: Stack, name: str, port: int, ops_port: int, settings: Mapping[str, str]) -> Command:
    """A gateway with the same settings as the stack's but for its ports and `settings`."""
    own = {"PASSGATE_PORT": str(port), "PASSGATE_OPS_PORT": str(ops_port), **settings}
    command = stack.command(GATEWAY)
    return replace(command, name=name, environment={**command.environment, **own})


@asynccontextmanager
async def one_more(
    stack: Stack, peers: Peers, name: str, settings: Mapping[str, str] | None = None, *, code: Path | None = None
) -> AsyncIterator[OneMore]:
    """Running and ready; from the sources in `code`, or those of the stack. Raises `StackError` where it is not."""
    port, ops_port = free_ports(2)
    command = gateway_command(stack, name, port, ops_port, settings or {})
    async with peers.running(replace(command, directory=code or command.directory), port) as pid:
        if reason := await until_ready(f"http://{HOST}:{ops_port}", READY_LIMIT):
            raise StackError(f"{name} is not ready after {READY_LIMIT:.0f} s: it {reason}")
        yield OneMore(pid, port, ops_port)
