"""People of a registry that runs: invited, joined, signed in."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.support.clock import FakeClock
from tests.support.harness.key_registry import Admin, Responded, Running

PASSWORD = "correct horse battery staple"


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
