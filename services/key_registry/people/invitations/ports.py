"""What invitations need of their storage; each method raises `Unavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from services.key_registry.catalog.permissions import Role

InvitationStatus = Literal["open", "accepted", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class Invitation:
    id: UUID
    digest: bytes = field(repr=False)
    role: Role
    company_id: UUID | None
    email: str | None
    """None: anybody's."""
    status: Literal["open", "accepted", "revoked"]
    created_at: datetime
    expires_at: datetime
    created_by: UUID | None
    """The person or the admin token; an open invitation ends with whoever it is. None: it ends by itself."""

    def status_at(self, now: datetime) -> InvitationStatus:
        return "expired" if self.status == "open" and self.expires_at <= now else self.status


class InvitationReader(Protocol):
    async def find_invitation(self, id_: UUID) -> Invitation | None:
        """Revoked as well where its creator was stopped or is no owner any more; so for all that find some."""
        ...

    async def find_invitation_by_digest(self, digest: bytes) -> Invitation | None: ...

    async def newest_invitations(
        self, company_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Invitation]:
        """All, or those of a company."""
        ...


class InvitationWriter(InvitationReader, Protocol):
    async def insert_invitation(self, invitation: Invitation) -> None: ...

    async def close_invitation(self, id_: UUID, status: Literal["accepted", "revoked"]) -> None: ...

    async def revoke_invitations_by(self, person_id: UUID) -> int:
        """Those of the person that are open; how many."""
        ...
