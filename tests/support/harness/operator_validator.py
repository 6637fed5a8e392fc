"""The operator as it runs, with a registry that a test can change and unplug."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from services.operator_validator.app import build_app
from services.operator_validator.config import Settings
from shared.clock import Clock
from shared.contracts.operator_validator import VALIDATE, OperatorValidatorClient
from shared.http.client import ServiceClient
from shared.opaque import API_TOKEN, mint
from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.harness.serving import ServiceKeys, serving
from tests.support.waiting import becomes

VALID = (200, b'{"valid":true,"message":"Token is valid"}')
NOT_VALID = (200, b'{"valid":false,"message":"Token is not valid"}')


@dataclass
class Operator:
    url: str
    registry: RegistryDouble
    keys: ServiceKeys
    http: aiohttp.ClientSession

    def __post_init__(self) -> None:
        self.token = mint(API_TOKEN)
        self.record = self.registry.add_api_token(self.token)

    async def call(
        self, method: str, target: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """`target` goes out as it is. A body is said to be JSON unless `headers` say otherwise."""
        sent = dict(headers or {})
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(self.url + target, encoded=True)
        async with self.http.request(method, url, data=data, headers=sent) as response:
            assert response.headers["Cache-Control"] == "no-store"
            return response.status, await response.read()

    async def send(self, **parameters: str) -> tuple[int, bytes]:
        requested = {"token": self.token, "applicaiontPrefix": "SMS", "clientPrefix": "blabla", **parameters}
        return await self.call("GET", f"{VALIDATE}?{urlencode(requested)}")

    @asynccontextmanager
    async def client(self, caller: str | None = None) -> AsyncIterator[OperatorValidatorClient]:
        """A client of the operator; its calls name `caller` if there is one."""
        authorization = self.keys.identity(caller).authorization_for("operator_validator") if caller else None
        calls = ServiceClient(self.url, authorization=authorization)
        await calls.start()
        try:
            yield OperatorValidatorClient(calls)
        finally:
            await calls.stop()

    async def _ready_status(self) -> int:
        return (await self.call("GET", "/health/ready"))[0]

    async def is_ready(self) -> None:
        await becomes(200, self._ready_status)


@asynccontextmanager
async def operator_running(
    keys: ServiceKeys,
    http: aiohttp.ClientSession,
    *,
    clock: Clock | None = None,
    registry: RegistryDouble | None = None,
    **settings: Any,
) -> AsyncIterator[Operator]:
    registry = registry or RegistryDouble()
    async with registry_server(registry) as registry_url:
        given = {"key_registry_url": registry_url, "changes_poll_interval": 0.02, **settings}
        app = await build_app(Settings(**given, **keys.settings("operator_validator")), clock=clock)
        async with serving(app) as url:
            operator = Operator(url, registry, keys, http)
            await operator.is_ready()
            yield operator
