"""The product from the working tree: the whole stack, with data, secrets and ports of its own, and credentials."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy.admin_api import AdminApi
from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT, Deployable, Stack, port_variables
from deploy.local.up import Up
from shared.errors import Unavailable
from shared.http.client import ServiceClient
from tests.bench.load import HOST
from tests.bench.peers.floor import PARAMETERS
from tests.bench.process import free_ports

AT_ONCE = 8
"""Credentials that are asked for at the same time."""
CALL_TIMEOUT = 20.0
"""Seconds."""
INHERITED = ("PATH", "HOME", "LANG", "TZ", "PASSGATE_SIGNING_ALGORITHM", "PASSGATE_SIGNING_KEY_BITS")


class MeasuredStack(Stack):
    """The stack under `var`, on free ports; the resource behind the gateway is the benchmark's own upstream.

    Of the caller's environment only the choice of the signing algorithm reaches it: no store of somebody else's.
    `chosen` are settings of the processes; `code` is the directory whose sources the gateway runs.
    """

    def __init__(
        self, var: Path, upstream_port: int, chosen: Mapping[str, str] = MappingProxyType({}), *, code: Path = ROOT
    ) -> None:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(chosen)
        variables = port_variables()
        ports = zip(variables, map(str, free_ports(len(variables))), strict=True)
        super().__init__(var, inherited | dict(ports))
        self._upstream = f"http://{HOST}:{upstream_port}"
        self.code = code

    def command(self, deployable: Deployable, *arguments: str) -> Command:
        command = super().command(deployable, *arguments)
        return replace(command, directory=self.code) if deployable.name == "gateway" else command

    def environment(self, deployable: Deployable) -> dict[str, str]:
        environment = super().environment(deployable)
        if deployable.name == "gateway":
            environment["PASSGATE_SAMPLE_RESOURCES_URL"] = self._upstream
        return environment


@dataclass(frozen=True)
class Product:
    """The running stack: ports and pids by the names of deployables and stores, and the demo's credentials."""

    stack: Stack
    demo: Mapping[str, str]
    pids: Mapping[str, int]

    def port(self, name: str) -> int:
        return self.stack.port(name)

    def behind(self, *names: str) -> dict[str, int]:
        return {name: self.pids[name] for name in names}

    @property
    def basic(self) -> str:
        """The Authorization of the demo's API client."""
        pair = f"{self.demo['CLIENT_KEY']}:{self.demo['CLIENT_SECRET']}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    async def bearers(self, count: int) -> list[str]:
        """So many access tokens of one client, no two alike."""
        headers = {"Authorization": self.basic, "Content-Type": "application/x-www-form-urlencoded"}
        body = b"grant_type=client_credentials"
        return await self._created("token_issuer", count, "/auth/token", body, headers, "access_token")

    async def session_tokens(self, count: int) -> list[str]:
        headers = {"x-api-key": self.demo["ACCESS_KEY"], "Content-Type": "application/json"}
        return await self._created("session_tokens", count, "/generate", PARAMETERS, headers, "token")

    async def api_tokens(self, count: int) -> list[str]:
        """So many API tokens of one booking, made over the admin API."""
        admin = f"Bearer {self.demo['ADMIN_TOKEN']}"
        async with _client(self.stack.url("key_registry"), lambda: admin) as client:
            api = AdminApi(client)
            company = await api.find("/companies", client_prefix=self.demo["CLIENT_PREFIX"])
            application = await api.find("/applications", application_prefix=self.demo["APPLICATION_PREFIX"])
            if company is None or application is None:
                raise StackError("the key registry does not know the demo's company and application")
            joins = {"company_id": company["id"], "application_id": application["id"]}
            booking = await api.ensure("/bookings", joins, *joins)

            async def one(number: int) -> str:
                body = {"booking_id": booking["id"], "remote_application": f"bench {number}"}
                return str((await api.create("/api-tokens", body))["token"])

            return await _several(count, one)

    async def signing_key(self) -> dict[str, Any]:
        """The issuer's public key, as a JWK: a stack this young has one."""
        async with _client(self.stack.url("token_issuer")) as client:
            (key,) = (await client.get("/.well-known/jwks.json"))["keys"]
            return dict(key)

    async def _created(
        self, service: str, count: int, path: str, body: bytes, headers: Mapping[str, str], member: str
    ) -> list[str]:
        async with _client(self.stack.url(service)) as client:

            async def one(_: int) -> str:
                status, response = await client.request("POST", path, body, headers)
                if status != 200:
                    raise StackError(f"{service} answers POST {path} with {status}: {response}")
                return str(response[member])

            return await _several(count, one)


@asynccontextmanager
async def running(stack: Stack, report: Report) -> AsyncIterator[Product]:
    """The stack from nothing to ready, and down again at the end. Raises `StackError` when it does not come up."""
    stack.var.mkdir(parents=True, exist_ok=True)
    run_file = RunFile(stack.var / "run")
    with run_file.lock():
        up = Up(stack, run_file, report)
        ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        life = asyncio.create_task(up.run(ready.set_result))
        try:
            await asyncio.wait((life, ready), return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                life.result()
                raise StackError("the stack ended before it was ready")
            pids = {name: process.pid for name, process in run_file.read().items()}
            yield Product(stack, ready.result(), pids)
        finally:
            if not life.done():
                up.stop()
                await life


@asynccontextmanager
async def _client(url: str, authorization: Callable[[], str] | None = None) -> AsyncIterator[ServiceClient]:
    client = ServiceClient(url, authorization=authorization, timeout=CALL_TIMEOUT, connections=AT_ONCE)
    await client.start()
    try:
        yield client
    except Unavailable as error:
        raise StackError(f"{error.detail or error}") from None
    finally:
        await client.stop()


async def _several(count: int, one: Callable[[int], Awaitable[str]]) -> list[str]:
    numbers = iter(range(count))
    created: list[str] = []

    async def work() -> None:
        for number in numbers:
            created.append(await one(number))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return created
