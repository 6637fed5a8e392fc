"""What password resets need of their storage; each method raises `Unavailable`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """A link that is out: one that was used or withdrawn is not kept. A person has one at a time."""

    id: UUID
    person_id: UUID
    digest: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    created_by: UUID | None
    """The person or the admin token; the link ends with whoever it is. None: who runs Passgate, at the machine."""


class PasswordResetReader(Protocol):
    async def find_password_reset(self, digest: bytes) -> PasswordReset | None:
        """Not one whose creator was stopped or is no owner any more."""
        ...

    async def open_password_resets(self, person_ids: Collection[UUID], now: datetime) -> Mapping[UUID, datetime]:
        """Until when the link of each of these people works, of those who have one."""
        ...


class PasswordResetWriter(PasswordResetReader, Protocol):
    async def put_password_reset(self, reset: PasswordReset) -> None:
        """In the place of the person's, if there is one."""
        ...

    async def delete_password_reset(self, person_id: UUID) -> bool:
        """False where there is none."""
        ...

    async def delete_password_resets_by(self, creator_id: UUID) -> int:
        """Those that the person has created, for others; how many."""
        ...
