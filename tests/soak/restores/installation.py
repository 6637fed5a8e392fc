"""A whole installation in this process, which is used, and whose stopped credentials are tried again and again."""

import asyncio
import contextlib
import random
import secrets
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import redis.asyncio
from aiohttp import web

from gateway.app import build_app as build_gateway
from gateway.config import Settings as GatewaySettings
from services.key_registry.app import build_app as build_registry
from services.key_registry.config import Settings as RegistrySettings
from services.operator_validator.app import build_app as build_operator
from services.operator_validator.config import Settings as OperatorSettings
from services.token_issuer.app import build_app as build_issuer
from services.token_issuer.grants import jwt_bearer
from shared.http.server import listen
from shared.jose.keys import generate_private_key, public_pem
from shared.jose.signer import Signer
from tests.support.free_port import free_port
from tests.support.harness.key_registry import Admin
from tests.support.harness.serving import ServiceKeys, serving
from tests.support.harness.token_issuer import basic, settings_for

STALENESS_S = 6.0
"""Seconds after the response to a stop until which the gateway may go on by what it knows: its bound, a poll."""
PROBES_AT_ONCE = 20
"""Of those that are tried again and again until all is back."""
PATIENCE_S = 120.0
ROUTES = """
upstreams:
  sample: {{url: "{url}"}}
routes:
  - {{name: site, path: /site, methods: [GET], credential: jwt, scopes: [], upstream: sample}}
  - {{name: sms, path: /sms, methods: [GET], credential: api_token, application: SMS, upstream: sample}}
"""


@dataclass
class Outcome:
    back: list[float] = field(default_factory=list)
    """Seconds until all was accepted again; below, where new assertions were not waited for."""
    back_without: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Served:
    """An application on one port, started and stopped again and again."""

    def __init__(self, build: Callable[[], Awaitable[web.Application]]) -> None:
        self._build = build
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._runner = web.AppRunner(await self._build(), shutdown_timeout=1)
        await self._runner.setup()
        self._server = await listen(self._runner, "127.0.0.1", self.port)

    async def stop(self) -> None:
        self._server.close()
        await self._runner.cleanup()


@dataclass
class Probe:
    """What must be refused from `since` (monotonic seconds) on."""

    what: str
    since: float
    accepted: Callable[[], Awaitable[bool]]
    ends: float = float("inf")
    """When it would be refused anyway."""


class Installation:
    def __init__(
        self, database_url: str, redis_url: str, place: Path, rng: random.Random, outcome: Outcome, http: Any
    ) -> None:
        self.redis_url, self.place, self.rng, self.outcome, self.http = redis_url, place, rng, outcome, http
        self.folder = place / "history"
        self.folder.mkdir(parents=True)
        keys = ServiceKeys(place)
        stores: dict[str, Any] = {"database_url": database_url, "redis_url": redis_url, "store_timeout": 5.0}
        registry = RegistrySettings(
            **stores,
            admin_token_file=place / "admin_token",
            audit_key_file=place / "audit_key.pem",
            history_dir=self.folder,
            **keys.settings("key_registry"),
        )
        self.registry = Served(lambda: build_registry(registry))
        follows: dict[str, Any] = {"key_registry_url": self.registry.url, "redis_url": redis_url}
        issuer = settings_for(database_url, redis_url, keys).model_copy(
            update={"key_registry_url": self.registry.url, "store_timeout": 5.0}
        )
        self.issuer = Served(lambda: build_issuer(issuer))
        operator = OperatorSettings(**follows, **keys.settings("operator_validator"))
        self.operator = Served(lambda: build_operator(operator))
        self.public = free_port()
        routes = place / "routes.yaml"
        gateway = GatewaySettings(
            port=self.public,
            ops_port=0,
            issuer=issuer.issuer,
            routes_file=routes,
            token_issuer_url=self.issuer.url,
            operator_validator_url=self.operator.url,
            session_tokens_url=self.operator.url,
            **follows,
            **keys.settings("gateway"),
        )
        self.gateway = Served(lambda: build_gateway(gateway))
        self.routes = routes
        token = (place / "admin_token").read_text().strip()
        self.owner = Admin(http, self.registry.url, token)
        self.probes: list[Probe] = []

    @classmethod
    @asynccontextmanager
    async def up(
        cls, database_url: str, redis_url: str, place: Path, rng: random.Random, outcome: Outcome
    ) -> AsyncIterator["Installation"]:
        async with aiohttp.ClientSession() as http, serving(_sample()) as sample:
            self = cls(database_url, redis_url, place, rng, outcome, http)
            self.routes.write_text(ROUTES.format(url=sample))
            for served in (self.registry, self.issuer, self.operator, self.gateway):
                await served.start()
            await self._patiently(self._set_up)
            try:
                yield self
            finally:
                for served in (self.gateway, self.operator, self.issuer, self.registry):
                    await served.stop()

    async def stop(self) -> None:
        """The processes that use the database; operator and gateway go on with what they know."""
        await self.issuer.stop()
        await self.registry.stop()

    async def start(self) -> None:
        await self.registry.start()
        await self.issuer.start()

    async def lose(self, what: str) -> None:
        if what == "valkey":
            async with redis.asyncio.from_url(self.redis_url) as client:
                await client.flushdb()
        elif what == "folder":
            shutil.rmtree(self.folder)
            self.folder.mkdir()
        elif what == "gateway":
            await self.gateway.stop()
            await self.gateway.start()

    async def work(self, seconds: float) -> None:
        """Create, use and stop, for so long."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            steps = (self._api_token, self._client, self._assertion, self._assertion)
            await self._patiently(self.rng.choice(steps))

    async def probe(self, at_most: int = 10_000) -> None:
        """Nothing that was stopped, or used, is accepted."""
        now = time.time()
        self.probes = [probe for probe in self.probes if probe.ends > now]
        for probe in self.rng.sample(self.probes, min(at_most, len(self.probes))):
            late = time.monotonic() > probe.since
            self.outcome.probes[probe.what] += 1
            if await probe.accepted() and late:
                self.outcome.accepted[probe.what] += 1
                self.outcome.violations.append(f"{probe.what} accepted again ({self.place.name})")

    async def until_back(self, restored_at: float, *, assertions: bool) -> None:
        """Until what is new is accepted, by each of the ways; what was stopped is tried all the while."""
        first, steps = False, [self._new_token, self._new_jwt]
        steps += [self._new_assertion] if assertions else []
        while steps and time.monotonic() - restored_at < PATIENCE_S:
            await self.probe(at_most=PROBES_AT_ONCE)
            if await self._done(steps[0]):
                steps.pop(0)
                if not first:
                    self.outcome.first.append(time.monotonic() - restored_at)
                    first = True
            await asyncio.sleep(0.2)
        if steps:
            health = [(await self.owner.get(f"{each.url}/health")).body for each in (self.registry, self.issuer)]
            self.outcome.violations.append(f"{steps[0].__name__} is not accepted: {health}")

    async def _set_up(self) -> None:
        self.company = await self._create(
            "/companies", name="X", client_prefix="xx", company_uri="https://xx.example"
        )
        application = await self._create("/applications", name="S", application_prefix="SMS", scopes=["site:read"])
        self.booking = await self._create(
            "/bookings", company_id=self.company["id"], application_id=application["id"]
        )
        private = generate_private_key("ES256")
        pair = await self._create(
            "/key-pairs",
            company_id=self.company["id"],
            scopes=["site:read"],
            public_key=public_pem(private.public_key()),
        )
        self.signer = Signer(pair["kid"], "ES256", private)

    async def _api_token(self) -> None:
        created = await self._create("/api-tokens", booking_id=self.booking["id"], remote_application="Shop")
        fields = {"X-Api-Token": created["token"], "X-Client-Prefix": "xx"}
        await self._accepted("/sms", fields)
        way = self.rng.choice(("revoke", "suspend", "rotate", "none"))
        if way == "rotate":
            await self._post(f"/api-tokens/{created['id']}/rotate", {"keep_old_for": 0})
        elif way != "none":
            await self._post(f"/api-tokens/{created['id']}/{way}")
        if way != "none":
            self._stopped(f"API tokens ({way})", lambda: self._is_accepted("/sms", fields))

    async def _client(self) -> None:
        created = await self._create(
            "/api-clients", company_id=self.company["id"], comment="x", scopes=["site:read"]
        )
        jwt = await self._token(created)
        fields = {"Authorization": f"Bearer {jwt}"}
        await self._accepted("/site", fields)
        way = self.rng.choice(("revoke", "suspend", "rotate", "jwt", "none"))
        if way == "jwt":
            form = {"token": jwt}
            await self._form("/oauth2/revoke", form, basic(created["key"], created["secret"]), expected=200)
        elif way == "rotate":
            await self._post(f"/api-clients/{created['id']}/rotate", {"keep_old_for": 0})
        elif way != "none":
            await self._post(f"/api-clients/{created['id']}/{way}")
        if way != "none":
            ends = time.time() + 3500
            self._stopped(f"JWTs ({way})", lambda: self._is_accepted("/site", fields), ends)
        if way in ("revoke", "suspend", "rotate"):
            self._stopped(f"client secrets ({way})", lambda: self._is_token(created))

    async def _assertion(self) -> None:
        """Not accepted for a while after a restore: then there is nothing to try again."""
        assertion = self._signed()
        if await self._presented(assertion) != 200:
            return
        self.probes.append(
            Probe("used assertions", time.monotonic(), lambda: self._is_presented(assertion), time.time() + 3500)
        )

    def _signed(self) -> str:
        now, uri = int(time.time()), self.company["company_uri"]
        claims = {"iss": uri, "sub": uri, "aud": "ankor.io", "iat": now, "exp": now + 3600}
        return self.signer.sign({**claims, "jti": secrets.token_hex(8)})

    async def _new_token(self) -> bool:
        created = await self._create("/api-tokens", booking_id=self.booking["id"], remote_application="Shop")
        return await self._is_accepted("/sms", {"X-Api-Token": created["token"], "X-Client-Prefix": "xx"})

    async def _new_jwt(self) -> bool:
        created = await self._create(
            "/api-clients", company_id=self.company["id"], comment="x", scopes=["site:read"]
        )
        return await self._is_accepted("/site", {"Authorization": f"Bearer {await self._token(created)}"})

    async def _new_assertion(self) -> bool:
        return await self._is_presented(self._signed())

    def _stopped(self, what: str, accepted: Callable[[], Awaitable[bool]], ends: float = float("inf")) -> None:
        self.probes.append(Probe(what, time.monotonic() + STALENESS_S, accepted, ends))

    async def _create(self, path: str, **body: Any) -> dict[str, Any]:
        response = await self.owner.post(path, body)
        if response.status == 409:
            (found,) = (await self.owner.get(f"{path}?limit=1")).body["items"]
            return dict(found)
        if response.status != 201:
            raise _Again
        return dict(response.body)

    async def _post(self, path: str, body: Any = None) -> None:
        if (await self.owner.post(path, body)).status not in (200, 201):
            raise _Again

    async def _token(self, created: dict[str, Any]) -> str:
        form = {"grant_type": "client_credentials"}
        body = await self._form("/auth/token", form, basic(created["key"], created["secret"]), expected=200)
        return str(body["access_token"])

    async def _is_token(self, created: dict[str, Any]) -> bool:
        with contextlib.suppress(_Again):
            await self._token(created)
            return True
        return False

    async def _form(self, path: str, form: dict[str, str], authorization: str, *, expected: int) -> Any:
        fields = {"Authorization": authorization} if authorization else {}
        async with self.http.post(self.issuer.url + path, data=form, headers=fields) as response:
            if response.status != expected:
                raise _Again
            return await response.json() if response.content_type == "application/json" else None

    async def _presented(self, assertion: str) -> int:
        form = {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertion}
        async with self.http.post(f"{self.issuer.url}/iam/oauth/token", data=form) as response:
            return int(response.status)

    async def _is_presented(self, assertion: str) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            return await self._presented(assertion) == 200
        return False

    async def _accepted(self, path: str, fields: dict[str, str]) -> None:
        if not await self._is_accepted(path, fields):
            raise _Again

    async def _is_accepted(self, path: str, fields: dict[str, str]) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with self.http.get(f"http://127.0.0.1:{self.public}{path}", headers=fields) as response:
                return int(response.status) == 200
        return False

    async def _done(self, step: Callable[[], Awaitable[bool]]) -> bool:
        with contextlib.suppress(_Again, aiohttp.ClientError):
            return await step()
        return False

    async def _patiently(self, step: Callable[[], Awaitable[object]]) -> None:
        """A store that has just been copied, or a busy machine, is no violation: the step is tried again."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(_Again, aiohttp.ClientError):
                    await step()
                    return
                await asyncio.sleep(0.2)


class _Again(Exception):
    """Not done now."""


def _sample() -> web.Application:
    async def ok(_: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", ok)
    return app
