"""What signing in by an OpenID provider needs from outside; each method raises `Unavailable`."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.errors import Unavailable


class Identity(NamedTuple):
    person_id: UUID
    issuer: str
    subject: str
    created_at: datetime


class IdentityReader(Protocol):
    async def find_identity(self, person_id: UUID, issuer: str) -> Identity | None: ...


class IdentityWriter(IdentityReader, Protocol):
    async def insert_identity(self, identity: Identity) -> bool:
        """False where the subject is another person's; that of one who is revoked is free."""
        ...

    async def delete_identities(self, person_id: UUID) -> int: ...


class ProviderAway(Unavailable):
    """There was no response: nobody need try for a while."""


class ProviderClient(Protocol):
    """Bounded in time and bytes; follows no redirect. What is no response raises `ProviderAway`."""

    async def get(self, url: str) -> bytes:
        """The body of a 200."""
        ...

    async def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        """A form; status and body. `authorization` empty: none is sent."""
        ...
