"""A gateway in this process over a registry that a test can change, with everything that it calls counted."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy

from gateway.app import DECISION_SERVERS, PUBLIC_SERVER, build_app
from gateway.config import Settings
from shared.clock import Clock
from shared.contracts.operator_validator import TokenCheck
from shared.contracts.session_tokens import RESOLVE, RESOLVE_TOGETHER
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import API_TOKEN, digest, mint
from tests.support.doubles.registry import COMPANY, RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.harness.serving import ServiceKeys, serving

ISSUER = "http://gateway.example"
KEY = generate_private_key("EdDSA")
SIGNER = Signer("sk_1", "EdDSA", KEY)
SUCCESSOR = Signer("sk_2", "EdDSA", generate_private_key("EdDSA"))
SESSION_TOKEN = "bbf18f21-3d0d-4a4c-b650-9c14d4075ce0"
ROUTES = """
upstreams:
  sample: {{url: "{url}"}}
routes:
  - {{name: site, path: /site, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
  - name: patient
    path: /patient
    methods: [GET]
    credential: jwt
    scopes: []
    max_staleness: 600
    upstream: sample
  - {{name: written, path: /written, methods: [GET], credential: jwt, scopes: [site:write], upstream: sample}}
  - {{name: sms, path: /sms, methods: [GET], credential: api_token, application: SMS, upstream: sample}}
  - {{name: editor, path: /editor, methods: [GET], credential: session_token, upstream: sample}}
  - name: signed
    path: /signed
    methods: [GET]
    credential: jwt
    scopes: []
    identity_token: true
    upstream: sample
  - {{name: open, path: /open, methods: [GET], credential: none, upstream: sample}}
"""


def bearer(jti: str = "j1", *, signer: Signer = SIGNER, **claims: Any) -> dict[str, str]:
    now = int(time.time())
    members = {
        "iss": ISSUER,
        "sub": "blabla:pgck_1",
        "aud": "passgate",
        "iat": now,
        "exp": now + 3600,
        "jti": jti,
        "client_id": "pgck_1",
        "client_prefix": "blabla",
        "company_id": COMPANY.id,
        "credential_id": "credential",
    }
    return {"Authorization": f"Bearer {signer.sign({**members, **claims})}"}


@dataclass
class Services:
    """The issuer's key set, the operator's answer and the resource, on one port; `calls` are counted by path."""

    registry: RegistryDouble
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    received: list[tuple[str, CIMultiDictProxy[str]]] = field(default_factory=list)
    """Method and header fields of what reached the resource."""
    resolved: list[Any] = field(default_factory=list)
    """What was asked about session tokens one by one."""
    uses_counted: bool = False
    """Whether session tokens have a number of uses."""
    resource: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    """Responds in the place of the resource that is always the same."""
    signers: list[Signer] = field(default_factory=lambda: [SIGNER])
    """Whose keys are published."""

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._count])
        app.router.add_get("/.well-known/jwks.json", self._jwks)
        app.router.add_post("/internal/v1/check", self._check)
        app.router.add_post(RESOLVE, self._resolve)
        app.router.add_post(RESOLVE_TOGETHER, self._resolve_together)
        app.router.add_route("*", "/{path:.*}", self._resource)
        return app

    @web.middleware
    async def _count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls[request.path] += 1
        response: web.StreamResponse = await handler(request)
        return response

    async def _jwks(self, _: web.Request) -> web.Response:
        keys = [public_jwk(signer.public_key.key, signer.kid, signer.algorithm) for signer in self.signers]
        return web.json_response({"keys": keys})

    async def _resolve(self, request: web.Request) -> web.Response:
        self.resolved.append(await request.json())
        return web.json_response(self._session())

    async def _resolve_together(self, request: web.Request) -> web.Response:
        session = {**self._session(), "use_deferred": self.uses_counted}
        return web.json_response({"sessions": [session for _ in (await request.json())["tokens"]]})

    def _session(self) -> dict[str, object]:
        session = {"parameters": {"file": "a"}, "company": "blabla", "company_id": COMPANY.id}
        return {**session, "access_key_id": "key", "token_id": "token", "expires_at": int(time.time()) + 60}

    async def _check(self, request: web.Request) -> web.Response:
        record = await self.registry.api_token(digest((await request.json())["token"]))
        if record is None:
            check = TokenCheck(valid=False, cause="unknown", as_of=self.registry.position)
            return web.json_response(check.model_dump())
        live = record.active and (record.expires_at is None or record.expires_at > time.time())
        check = TokenCheck(
            valid=live,
            cause=None if live else "stopped",
            as_of=record.as_of,
            api_token_id=record.id,
            company_id=record.company.id,
            client_prefix=record.company.client_prefix,
            application_id=record.application_id,
            booking_id=record.booking_id,
            remote_application=record.remote_application,
            expires_at=record.expires_at,
        )
        return web.json_response(check.model_dump())

    async def _resource(self, request: web.Request) -> web.StreamResponse:
        if not request.path.startswith("/health"):  # which the gateway asks of all services
            self.received.append((request.method, request.headers))
            if self.resource is not None:
                return await self.resource(request)
        return web.json_response({})


@dataclass
class Gateway:
    url: str
    ops_url: str
    http: aiohttp.ClientSession
    decision_url: str = ""
    """Of the decision endpoint; "" where it is off."""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def get(self, path: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        async with self.http.get(self.url + path, headers=headers) as response:
            await response.read()
            return response

    async def status(self, path: str, headers: dict[str, str]) -> int:
        return (await self.get(path, headers)).status

    async def becomes(self, status: int, path: str, headers: dict[str, str], within: float = 1.0) -> None:
        async with asyncio.timeout(within):
            while await self.status(path, headers) != status:
                await asyncio.sleep(0.01)

    async def metrics(self) -> str:
        async with self.http.get(f"{self.ops_url}/metrics") as response:
            return await response.text()

    async def changes(self) -> dict[str, Any]:
        """What health says of the changes."""
        async with self.http.get(f"{self.ops_url}/health") as response:
            changes: dict[str, Any] = (await response.json())["dependencies"]["changes"]
            return changes

    async def missing(self) -> dict[str, str]:
        async with self.http.get(f"{self.ops_url}/health/ready") as response:
            missing: dict[str, str] = (await response.json()).get("missing", {})
            return missing


@dataclass
class Surroundings:
    services: Services
    registry: RegistryDouble
    registry_url: str
    keys: ServiceKeys
    directory: Path
    http: aiohttp.ClientSession
    routes: str = ROUTES
    """The route file, in which `{url}` is that of the services."""

    def __post_init__(self) -> None:
        token = mint(API_TOKEN)
        self.record = self.registry.add_api_token(token)
        self.api_token = {"X-Api-Token": token, "X-Client-Prefix": "blabla"}

    @asynccontextmanager
    async def gateway(self, *, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Gateway]:
        """One more gateway, ready. At its end it waits for no client of ours."""
        routes = self.directory / "routes.yaml"
        routes.write_text(self.routes.format(url=self.services.url))
        urls = dict.fromkeys(
            ("token_issuer_url", "operator_validator_url", "session_tokens_url"), self.services.url
        )
        given = {
            "port": 0,
            "ops_port": 0,
            "issuer": ISSUER,
            "routes_file": routes,
            "key_registry_url": self.registry_url,
            "redis_url": "redis://127.0.0.1:9/0",
            "changes_poll_interval": 0.02,
            **urls,
            **self.keys.settings("gateway"),
            **settings,
        }
        app = await build_app(Settings(**given), clock=clock)
        async with serving(app) as ops_url, aiohttp.ClientSession() as http:
            decisions = [f"http://127.0.0.1:{server.port}" for server in app[DECISION_SERVERS]]
            public = f"http://127.0.0.1:{app[PUBLIC_SERVER].port}"
            gateway = Gateway(public, ops_url, http, *decisions)
            async with asyncio.timeout(10):
                while await gateway.missing():
                    await asyncio.sleep(0.01)
            yield gateway


@asynccontextmanager
async def surroundings(directory: Path) -> AsyncIterator[Surroundings]:
    registry = RegistryDouble()
    services = Services(registry)
    keys = ServiceKeys(directory / "secrets")
    async with (
        serving(services.app()) as services.url,
        registry_server(registry) as registry_url,
        aiohttp.ClientSession() as http,
    ):
        yield Surroundings(services, registry, registry_url, keys, directory, http)
