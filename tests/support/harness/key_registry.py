"""A key registry that runs whole, and whoever calls its two APIs."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import orjson

from services.key_registry.admin.bootstrap import AdminTokens
from services.key_registry.app import build_app
from services.key_registry.config import Settings
from services.key_registry.people import passwords
from services.key_registry.storage.postgres import MIGRATIONS, SCHEMA
from services.key_registry.storage.postgres.store import PostgresStore
from shared import opaque
from shared.clock import Clock, SystemClock
from shared.contracts.key_registry import KeyRegistryClient
from shared.http.client import ServiceClient
from shared.postgres import migrations
from shared.postgres.pool import Database
from tests.support.harness.serving import ServiceKeys, serving
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

FEW_CONNECTIONS = 4
"""A registry that starts uses all that it may have, and each is a process of PostgreSQL that starts."""
QUICK_TO_HASH = replace(passwords.PARAMETERS, memory_cost=64, time_cost=1)
"""A password of a test takes a tenth of a second of CPU else, and so does each of its sign-ins."""


async def migrate(database_url: str) -> None:
    await asyncio.to_thread(migrations.migrate, database_url, schema=SCHEMA, folder=MIGRATIONS)


async def migrate_to(revision: str, database_url: str, directory: Path) -> None:
    """As the release did whose newest revision this was. `directory` is to hold a copy of the migrations."""
    folder = directory / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (folder / "versions").glob("[0-9]*.py"):
        if file.name.partition("_")[0] > revision:
            file.unlink()
    await asyncio.to_thread(migrations.migrate, database_url, schema=SCHEMA, folder=folder)


class Responded:
    """What came back: `status`, `headers`, `raw`, and `body` when it is JSON."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def fields(self) -> set[str]:
        """The fields that a 422 names."""
        return {error["field"] for error in self.body["errors"]}


class Admin:
    """Calls the admin API with one token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str | None) -> None:
        self.session, self.url, self.token = session, url, token

    def with_token(self, token: str | None) -> "Admin":
        return Admin(self.session, self.url, token)

    async def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, headers: Any = ()
    ) -> Responded:
        sent: dict[str, str] = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = raw if raw is not None else None if body is None else orjson.dumps(body)
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers)
        url = f"{self.url}/admin/v1{path}" if path.startswith("/") else path
        async with self.session.request(method, url, data=data, headers=sent) as response:
            return Responded(response.status, response.headers, await response.read())

    async def get(self, path: str) -> Responded:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None, **more: Any) -> Responded:
        return await self.call("POST", path, body, **more)

    async def patch(self, path: str, body: Any) -> Responded:
        return await self.call("PATCH", path, body)

    async def delete(self, path: str) -> Responded:
        return await self.call("DELETE", path)

    async def create(self, path: str, **body: Any) -> dict[str, Any]:
        """The object that a create responds with; fails the test when it does not.

        A busy machine's 503 is tried again with the same `Idempotency-Key`, as every client should.
        """
        key = {"Idempotency-Key": secrets.token_hex(16)}
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            while (response := await self.post(path, body, headers=key)).status == 503:
                await asyncio.sleep(0.05)  # the database's turn, not ours
        assert response.status == 201, response.raw
        return dict(response.body)

    async def company(self, **members: Any) -> dict[str, Any]:
        prefix = f"c{secrets.token_hex(4)}"
        given = {"name": "BlaBla", "client_prefix": prefix, "company_uri": f"https://{prefix}.example"}
        return await self.create("/companies", **{**given, **members})

    async def booking(self, company: Mapping[str, Any], *scopes: str) -> dict[str, Any]:
        prefix = f"A{secrets.token_hex(4)}"
        application = await self.create("/applications", name="SMS", application_prefix=prefix, scopes=scopes)
        return await self.create("/bookings", company_id=company["id"], application_id=application["id"])


class Running:
    def __init__(self, url: str, owner: Admin, keys: ServiceKeys, database: Database) -> None:
        self.url, self.owner, self.keys, self.database = url, owner, keys, database

    @asynccontextmanager
    async def calls(self, service: str) -> AsyncIterator[ServiceClient]:
        """Calls of the internal API by `service`, whatever it sends."""
        authorization = self.keys.identity(service).authorization_for("key_registry")
        caller = ServiceClient(self.url, authorization=authorization, timeout=BUSY_MACHINE_LIMIT_S)
        await caller.start()
        try:
            yield caller
        finally:
            await caller.stop()

    @asynccontextmanager
    async def client(self, service: str) -> AsyncIterator[KeyRegistryClient]:
        """The internal API as `service` calls it."""
        async with self.calls(service) as calls:
            yield KeyRegistryClient(calls)


@asynccontextmanager
async def running_registry(
    database_url: str,
    directory: Path,
    *,
    clock: Clock | None = None,
    token: str | None = None,
    registered: bool = True,
    redis_url: str = "redis://127.0.0.1:1/0",
    **more: Any,
) -> AsyncIterator[Running]:
    """A registry over a database that is migrated already; `owner` has a token that is registered.

    With `registered=False` the registry itself is left to register it. Nothing listens at the Redis that it relays
    changes to unless one is given. `more` are settings.
    """
    keys = ServiceKeys(directory)
    token_file = directory / "admin_token"
    token = token or opaque.mint(opaque.ADMIN_TOKEN)
    token_file.write_text(token)
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        admin_token_file=token_file,
        **keys.settings("key_registry"),
        **{"database_pool_size": FEW_CONNECTIONS, "store_timeout": BUSY_MACHINE_LIMIT_S, **more},
    )
    database = Database(database_url, schema=SCHEMA, size=2, timeout=30)
    await database.start()
    if registered:
        store = PostgresStore(database, timeout=BUSY_MACHINE_LIMIT_S)
        await AdminTokens(store, clock or SystemClock()).register(token, "first owner")
    with patch.object(passwords, "PARAMETERS", QUICK_TO_HASH):
        app = await build_app(settings, clock=clock)
    async with serving(app) as url, aiohttp.ClientSession() as session:
        yield Running(url, Admin(session, url, token), keys, database)
    await database.stop()
