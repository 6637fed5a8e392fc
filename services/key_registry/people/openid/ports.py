"""What signing in by an OpenID provider needs from outside; each method raises `Unavailable`."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID


class Identity(NamedTuple):
    person_id: UUID
    issuer: str
    subject: str
    created_at: datetime


class IdentityReader(Protocol):
    async def find_identity(self, person_id: UUID, issuer: str) -> Identity | None: ...


class IdentityWriter(IdentityReader, Protocol):
    async def insert_identity(self, identity: Identity) -> None: ...

    async def delete_identities(self, person_id: UUID) -> int: ...


class ProviderClient(Protocol):
    """Bounded in time and bytes; follows no redirect."""

    async def get(self, url: str) -> bytes:
        """The body of a 200."""
        ...

    async def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        """A form; status and body. `authorization` empty: none is sent."""
        ...
