"""What portal sessions need of their storage; each method raises `Unavailable`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from services.key_registry.catalog.permissions import Role

PortalStatus = Literal["waiting", "open", "ended", "expired"]


@dataclass(frozen=True, slots=True)
class PortalSession:
    id: UUID
    company_id: UUID
    role: Role
    name: str
    """What the vendor calls whoever it is for."""
    link_digest: bytes = field(repr=False)
    session_digest: bytes | None = field(repr=False)
    """None until the link is followed, as the next two."""
    created_at: datetime
    opened_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    expires_at: datetime
    """Of the link until it is followed; then of the session, whatever its use."""
    session_life_s: int
    ended_at: datetime | None
    address: str
    user_agent: str

    def status_at(self, now: datetime, idle_timeout: timedelta) -> PortalStatus:
        """As far as it is known here: the company's status counts as well."""
        if self.ended_at is not None:
            return "ended"
        if self.expires_at <= now:
            return "expired"
        if self.last_used_at is None:
            return "waiting"
        return "open" if now < self.last_used_at + idle_timeout else "expired"


class PortalReader(Protocol):
    async def find_portal_session(self, id_: UUID) -> PortalSession | None: ...

    async def find_portal_sessions(self, ids: Collection[UUID]) -> Sequence[PortalSession]:
        """Those that are still kept, in no order."""
        ...

    async def find_portal_session_by_link(self, digest: bytes) -> PortalSession | None: ...

    async def find_portal_session_by_token(self, digest: bytes) -> PortalSession | None: ...

    async def newest_portal_sessions(
        self, company_id: UUID, before: UUID | None, limit: int
    ) -> Sequence[PortalSession]: ...


class PortalWriter(PortalReader, Protocol):
    async def insert_portal_session(self, session: PortalSession) -> None: ...

    async def open_portal_session(self, session: PortalSession) -> None:
        """Keep what following the link has made of it."""
        ...

    async def end_portal_session(self, id_: UUID, at: datetime) -> bool:
        """False where it had been ended before."""
        ...
