"""The service as it runs: its own server and store connection, a registry that a test can change and unplug."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from services.session_tokens.app import build_app
from services.session_tokens.config import Settings
from shared.clock import Clock
from shared.contracts.session_tokens import SessionTokensClient
from shared.http.client import ServiceClient
from shared.opaque import ACCESS_KEY, mint
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.serving import ServiceKeys, serving
from tests.support.waiting import becomes


@dataclass
class Stack:
    """What a copy of the service needs around it, and an access key that is good."""

    redis_url: str
    registry_url: str
    registry: RegistryDouble
    keys: ServiceKeys
    http: aiohttp.ClientSession

    def __post_init__(self) -> None:
        self.access_key = mint(ACCESS_KEY)
        self.access_key_id = self.registry.add_access_key(self.access_key, max_ttl=7200).id

    @asynccontextmanager
    async def copy(self, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator["Service"]:
        """One more copy of the service, ready."""
        given = {
            "redis_url": self.redis_url,
            "key_registry_url": self.registry_url,
            "changes_poll_interval": 0.02,
            **self.keys.settings("session_tokens"),
            **settings,
        }
        async with serving(await build_app(Settings(**given), clock=clock)) as url:
            service = Service(url, self)
            await service.is_ready()
            yield service


@dataclass
class Service:
    url: str
    stack: Stack

    async def call(
        self, method: str, path: str, *, data: bytes | None = None, **headers: str
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        """`headers` are given as `x_api_key`. A body is said to be JSON unless they say otherwise."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            sent.setdefault("content-type", "application/json")
        async with self.stack.http.request(method, self.url + path, data=data, headers=sent) as response:
            return response, await response.read()

    async def generate(self, body: bytes = b'{"file":"f"}', query: str = "") -> str:
        response, _ = await self.call("POST", f"/generate{query}", data=body, x_api_key=self.stack.access_key)
        assert response.status == 200
        token: str = (await response.json())["token"]
        return token

    async def verify(self, token: str) -> tuple[int, bytes]:
        response, body = await self.call("GET", "/verify", x_api_token=token)
        return response.status, body

    async def status_of(self, token: str) -> int:
        """The status that verifying `token` has."""
        return (await self.verify(token))[0]

    async def _ready_status(self) -> int:
        return (await self.call("GET", "/health/ready"))[0].status

    async def is_ready(self) -> None:
        await becomes(200, self._ready_status)

    @asynccontextmanager
    async def as_gateway(self) -> AsyncIterator[SessionTokensClient]:
        authorization = self.stack.keys.identity("gateway").authorization_for("session_tokens")
        client = ServiceClient(self.url, authorization=authorization)
        await client.start()
        try:
            yield SessionTokensClient(client)
        finally:
            await client.stop()
