"""What second factors need of their storage; each method raises `Unavailable`."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Totp:
    """The secret that a person's authenticator has."""

    person_id: UUID
    sealed_secret: bytes = field(repr=False)
    created_at: datetime
    confirmed_at: datetime | None
    """None: nobody is asked for a code yet."""
    last_step: int
    """Of the last code that was used: each works once."""


class FactorReader(Protocol):
    async def find_totp(self, person_id: UUID) -> Totp | None: ...

    async def count_recovery_codes(self, person_id: UUID) -> int:
        """Those that have not been used."""
        ...


class FactorWriter(FactorReader, Protocol):
    async def put_totp(self, totp: Totp) -> None:
        """In the place of the person's, if there is one."""
        ...

    async def use_totp_step(self, person_id: UUID, step: int) -> bool:
        """False where a code of this step, or of a later one, was used."""
        ...

    async def replace_recovery_codes(self, person_id: UUID, digests: Collection[bytes]) -> None: ...

    async def use_recovery_code(self, person_id: UUID, digest: bytes) -> bool:
        """False where the person has none with this digest, any more or at all."""
        ...

    async def delete_factors(self, person_id: UUID) -> None:
        """Authenticator and recovery codes."""
        ...
