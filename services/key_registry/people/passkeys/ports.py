"""What passkeys need of their storage; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Passkey:
    id: UUID
    person_id: UUID
    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    """0 for ever where the authenticator does not count."""
    name: str
    created_at: datetime
    last_used_at: datetime | None


class PasskeyReader(Protocol):
    async def find_passkey(self, credential_id: bytes) -> Passkey | None: ...

    async def passkeys_of(self, person_id: UUID) -> Sequence[Passkey]:
        """The newest first."""
        ...


class PasskeyWriter(PasskeyReader, Protocol):
    async def insert_passkey(self, passkey: Passkey) -> bool:
        """False where the credential is known already, whoever's it is."""
        ...

    async def passkey_used(self, id_: UUID, sign_count: int, at: datetime) -> bool:
        """False where its count is not above the last one, unless both are 0."""
        ...

    async def delete_passkey(self, person_id: UUID, id_: UUID) -> bool:
        """False where the person has no such passkey."""
        ...

    async def delete_passkeys(self, person_id: UUID) -> int: ...
