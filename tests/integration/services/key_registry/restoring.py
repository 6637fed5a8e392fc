"""A registry whose database is dumped and restored: where it runs, and what is stopped after the dump."""

import asyncio
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import redis.asyncio

from services.key_registry.config import Settings
from shared import opaque
from shared.clock import Clock
from shared.contracts.key_registry import Revocation
from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.serving import ServiceKeys
from tests.support.waiting import BUSY_MACHINE_LIMIT_S, until


class Place:
    """Where a registry of one database runs, again and again."""

    def __init__(self, database_url: str, redis_url: str, directory: Path) -> None:
        self.database_url, self.redis_url, self.directory = database_url, redis_url, directory
        self.token = opaque.mint(opaque.ADMIN_TOKEN)
        self.history = directory / "history"
        self.audit_key = directory / "audit_key.pem"
        self.webhook_key = directory / "webhook_key"
        self.webhook_key.write_text("k" * 42 + "w")

    @asynccontextmanager
    async def started(self, clock: Clock | None = None) -> AsyncIterator[Running]:
        async with running_registry(
            self.database_url,
            self.directory,
            token=self.token,
            registered=False,
            redis_url=self.redis_url,
            history_dir=self.history,
            audit_key_file=self.audit_key,
            webhook_key_file=self.webhook_key,
            store_timeout=5.0,
            clock=clock,
        ) as running:
            yield running

    @asynccontextmanager
    async def running(self, clock: Clock | None = None) -> AsyncIterator[Running]:
        async with self.started(clock) as running:
            await until(lambda: open_(running.owner))
            yield running

    def settings(self) -> Settings:
        return Settings(
            database_url=self.database_url,
            redis_url=self.redis_url,
            history_dir=self.history,
            audit_key_file=self.audit_key,
            **ServiceKeys(self.directory).settings("key_registry"),
        )

    async def lose(self, what: str) -> None:
        if what == "valkey":
            async with redis.asyncio.from_url(self.redis_url) as client:
                await client.flushall()
        elif what == "file":
            shutil.rmtree(self.history)


async def open_(owner: Admin) -> bool:
    return (await owner.get("/companies")).status == 200


async def ready(running: Running) -> int:
    return (await running.owner.get(f"{running.url}/health/ready")).status


class Objects:
    """Credentials of one company, of which some are stopped after the dump."""

    def __init__(self, owner: Admin) -> None:
        self.owner = owner

    async def create(self) -> "Objects":
        self.company = await self.owner.company()
        self.booking = await self.owner.booking(self.company)
        self.tokens = [await self.token() for _ in range(4)]
        return self

    async def token(self) -> dict[str, Any]:
        return await self.owner.create("/api-tokens", booking_id=self.booking["id"], remote_application="Shop")

    async def statuses(self, running: Running) -> list[str | None]:
        async with running.client("operator_validator") as client:
            found = [await client.api_token(opaque.digest(token["token"])) for token in self.tokens]
        return [None if each is None else each.status for each in found]


async def stop_all(running: Running, objects: Objects) -> str:
    """One in each way; the id of a JWT that is revoked beside."""
    owner, (revoked, suspended, deleted, rotated) = running.owner, objects.tokens
    for path in (f"{revoked['id']}/revoke", f"{suspended['id']}/suspend", f"{deleted['id']}/revoke"):
        await done(owner, "POST", f"/api-tokens/{path}")
    await done(owner, "DELETE", f"/api-tokens/{deleted['id']}")
    await done(owner, "POST", f"/api-tokens/{rotated['id']}/rotate", {"keep_old_for": 0})
    jti = secrets.token_hex(8)
    async with running.client("token_issuer") as client:
        await client.revoke(Revocation(kind="jwt", id=jti, until=time.time() + 3600))
    return jti


async def done(owner: Admin, method: str, path: str, body: Any = None) -> None:
    """Tried again after a 503: the connections that the dump has ended are found out one by one."""
    async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
        while (response := await owner.call(method, path, body)).status == 503:
            await asyncio.sleep(0)
    assert response.status in (200, 201, 204), response.raw


async def stopped(running: Running) -> set[str]:
    async with running.client("gateway") as client:
        return {item.id for item in (await client.snapshot()).stopped}


async def refused(running: Running, objects: Objects, jti: str) -> None:
    """None of the four tokens is accepted, nor what was issued with them."""
    async with running.client("operator_validator") as client:
        for token in objects.tokens:
            record = await client.api_token(opaque.digest(token["token"]))
            assert record is None or not record.active or record.version_ended(time.time()), token
    revoked, suspended, deleted, rotated = (token["id"] for token in objects.tokens)
    assert {revoked, suspended, deleted, f"{rotated}_v1", jti} <= await stopped(running)
