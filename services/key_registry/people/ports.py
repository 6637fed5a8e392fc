"""What the rules of people need of their storage; each method raises `Unavailable`."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from services.key_registry.catalog.permissions import Admin, Role
from services.key_registry.people.factors.ports import FactorReader, FactorWriter
from services.key_registry.people.invitations.ports import InvitationReader, InvitationWriter
from services.key_registry.people.openid.ports import IdentityReader, IdentityWriter
from services.key_registry.people.passkeys.ports import PasskeyReader, PasskeyWriter
from services.key_registry.people.password_resets.ports import PasswordResetReader, PasswordResetWriter
from services.key_registry.people.portal.ports import PortalReader, PortalWriter
from services.key_registry.people.sealing import UsedSeals
from services.key_registry.ports.store import Reader, Writer
from shared.contracts.key_registry import Status


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    email: str
    """In lower case; that of one who is revoked may be another's by now."""
    password_hash: str = field(repr=False)
    role: Role
    company_id: UUID | None
    """None: one of the operator's people."""
    status: Status
    created_at: datetime
    updated_at: datetime
    totp_since: datetime | None = None
    """None: the password is enough."""

    @property
    def second_factor(self) -> bool:
        return self.totp_since is not None


@dataclass(frozen=True, slots=True)
class Session:
    id: UUID
    person_id: UUID
    digest: bytes = field(repr=False)
    created_at: datetime
    last_used_at: datetime
    """To the minute."""
    expires_at: datetime
    """Whatever its use."""
    ended_at: datetime | None
    address: str
    user_agent: str

    def live(self, now: datetime, idle_timeout: timedelta) -> bool:
        """As far as it is known here: its person's status counts as well."""
        return self.ended_at is None and now < self.expires_at and now < self.last_used_at + idle_timeout


class PeopleReader(
    Reader,
    InvitationReader,
    PortalReader,
    FactorReader,
    PasskeyReader,
    IdentityReader,
    PasswordResetReader,
    Protocol,
):
    async def find_person(self, id_: UUID) -> Person | None: ...

    async def find_person_by_email(self, email: str) -> Person | None:
        """Whoever has it now; else the last of those who had it until they were revoked."""
        ...

    async def newest_people(self, company_id: UUID | None, before: UUID | None, limit: int) -> Sequence[Person]:
        """All, or those of a company."""
        ...

    async def count_active_owners(self) -> int:
        """Of the operator's people."""
        ...

    async def find_session(self, digest: bytes) -> tuple[Session, Person] | None: ...

    async def sessions_of(self, person_id: UUID, limit: int) -> Sequence[Session]:
        """Those that were not ended, the newest first."""
        ...


class PeopleWriter(
    PeopleReader,
    InvitationWriter,
    PortalWriter,
    FactorWriter,
    PasskeyWriter,
    IdentityWriter,
    PasswordResetWriter,
    UsedSeals,
    Writer,
    Protocol,
):
    async def insert_person(self, person: Person) -> None: ...

    async def update_person(self, person: Person) -> None:
        """Its role, status, password and `totp_since`."""
        ...

    async def insert_session(self, session: Session) -> None: ...

    async def end_session(self, person_id: UUID, id_: UUID, at: datetime) -> bool:
        """False where the person has no such session that has not been ended."""
        ...

    async def end_sessions(self, person_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        """All of the person's, `but` one; how many had not ended before."""
        ...


class PeopleStore(Protocol):
    """As `Store` of `ports.store`."""

    def reading(self) -> AbstractAsyncContextManager[PeopleReader]: ...

    def writing(self, *, by: Admin | None) -> AbstractAsyncContextManager[PeopleWriter]: ...


class SessionUse(Protocol):
    async def used(self, id_: UUID, at: datetime) -> None:
        """Keep that the session, of a person or of the portal, was used then; unless a later use is known."""
        ...
