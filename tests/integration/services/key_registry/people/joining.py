"""People of a registry that runs: invited, joined, signed in."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.clock import FakeClock
from tests.support.harness.key_registry import Admin, Responded, Running, running_registry
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

PASSWORD = "correct horse battery staple"
CONSOLE_URL = "http://localhost:8106"
"""Where browsers know passkeys."""


@dataclass
class People:
    registry: Running
    clock: FakeClock
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def owner(self) -> Admin:
        return self.registry.owner

    @property
    def stranger(self) -> Admin:
        return self.owner.with_token(None)

    def email(self) -> str:
        """One that nobody has."""
        return f"p{next(self.numbers)}@blabla.example"

    async def invite(self, role: str = "viewer", **members: Any) -> dict[str, Any]:
        return await self.owner.create("/invitations", role=role, **members)

    async def accept(self, token: str, email: str, password: str = PASSWORD) -> Responded:
        body = {"token": token, "email": email, "password": password}
        return await self.stranger.post("/invitations/accept", body)

    async def sign_in(self, email: str, password: str = PASSWORD, **headers: str) -> Responded:
        return await self.stranger.post("/sessions", {"email": email, "password": password}, headers=headers)

    async def join(self, role: str = "viewer", **members: Any) -> "Joined":
        email = self.email()
        invitation = await self.invite(role, **members)
        accepted = await self.accept(invitation["token"], email)
        assert accepted.status == 201, accepted.raw
        return Joined(email, accepted.body["person"]["id"], self.owner.with_token(accepted.body["token"]))

    async def again(self, joined: "Joined") -> Admin:
        """Another session of the same person."""
        signed_in = await self.sign_in(joined.email)
        assert signed_in.status == 201, signed_in.raw
        return self.owner.with_token(signed_in.body["token"])


@dataclass
class Joined:
    email: str
    id: str
    admin: Admin
    """Calls with the session that the invitation gave."""


@asynccontextmanager
async def running_people(
    url: str, directory: Path, clock: FakeClock | None = None, **more: Any
) -> AsyncIterator[People]:
    """A registry over the database at `url`, with a clock that is to be moved. `more` are settings."""
    clock = clock or FakeClock()
    (directory / "webhook_key").write_text("k" * 42 + "w")
    settings: dict[str, Any] = {
        "store_timeout": BUSY_MACHINE_LIMIT_S,
        "webhook_key_file": directory / "webhook_key",
        "webhook_private_networks": "127.0.0.0/8",
        "console_url": CONSOLE_URL,
        **more,
    }
    async with running_registry(url, directory, clock=clock, **settings) as registry:
        yield People(registry, clock)
