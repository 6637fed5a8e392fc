"""Admin tokens that no admin creates: the first owner's, and those of the command line."""

import asyncio
from functools import partial
from typing import Any

import structlog
from uuid_utils.compat import uuid7

from services.key_registry.access.visibility import identify
from services.key_registry.admin.creation import admin_token
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Operation, Role
from services.key_registry.catalog.requests import NewAdminToken
from services.key_registry.catalog.resources import ADMIN_TOKEN, COMPANY, Row
from services.key_registry.ports.store import Store
from services.key_registry.recording.recorder import Recorder
from shared import opaque
from shared.background_task import BackgroundTask, TaskOwner
from shared.clock import Clock
from shared.errors import Unavailable, Unprocessable

log = structlog.get_logger()

FIRST_OWNER_NAME = "first owner"
REGISTRATION_RETRY_INTERVAL_S = 1.0
"""Seconds between attempts to register the first owner's token."""


class AdminTokens:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recorder = Recorder(clock)

    async def create(self, body: NewAdminToken) -> str:
        """A new admin token. Raises `Unprocessable` when its company does not exist, or its time has passed."""
        new = await admin_token(body)
        if body.expires_at is not None and body.expires_at <= instant(self._clock.now()):
            raise Unprocessable.field("expires_at", "must be in the future")
        async with self._store.writing(by=None) as writer:
            company_id = None
            if body.company_id is not None:
                company_id = await identify(writer, COMPANY, body.company_id)
                if company_id is None or await writer.find(COMPANY, company_id) is None:
                    raise Unprocessable.field("company_id", "does not refer to an existing company")
            row = self._row({**new.row, "company_id": company_id})
            await writer.insert(ADMIN_TOKEN, row)
            await self._recorder.record(writer, "command-line", Operation.CREATE, ADMIN_TOKEN, row)
        return new.once["token"]

    async def register(self, token: str, name: str) -> bool:
        """Register `token` as an owner's; False when it is known, whatever its status: a revoked one stays so.

        So does one that was rotated away.
        """
        digest = opaque.digest(token)
        async with self._store.writing(by=None) as writer:
            if await writer.find_by_secret(ADMIN_TOKEN, digest) is not None:
                return False
            kept = {"digest": digest, "last_four": opaque.last_four(token)}
            row = self._row({"name": name, "role": Role.OWNER, "company_id": None, "expires_at": None, **kept})
            await writer.insert(ADMIN_TOKEN, row)
            await self._recorder.record(writer, "configuration", Operation.CREATE, ADMIN_TOKEN, row)
        return True

    def _row(self, columns: Row) -> Row:
        now = instant(self._clock.now())
        times: dict[str, Any] = dict.fromkeys(("created_at", "updated_at", "status_at"), now)
        return {**columns, **times, "id": uuid7(), "status": "active"}


class OwnerRegistration(TaskOwner):
    """Registers the first owner's token as soon as the database is there, without keeping the start waiting."""

    def __init__(self, owners: AdminTokens, token: str | None) -> None:
        self._owners = owners
        self.tasks: tuple[BackgroundTask, ...] = ()
        self._waiting = token is not None
        if token is not None:
            self.tasks = (BackgroundTask("first_owner", partial(self._register, token), once=True),)

    async def check(self) -> None:
        """For readiness: raises `Unavailable` until the token may be used."""
        if self._waiting:
            raise Unavailable("the first owner's token is not registered yet")

    async def _register(self, token: str) -> None:
        while True:
            try:
                if await self._owners.register(token, FIRST_OWNER_NAME):
                    log.info("admin_token.registered", name=FIRST_OWNER_NAME)
                self._waiting = False
                return
            except Unavailable as error:
                log.info(
                    "admin_token.waiting", name=FIRST_OWNER_NAME, reason=error.description, detail=error.detail
                )
                await asyncio.sleep(REGISTRATION_RETRY_INTERVAL_S)
