"""Signing in and out: the sessions of people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.people.acts import record
from services.key_registry.people.factors.codes import CodeKind
from services.key_registry.people.factors.pending import BegunSignIn, PendingSignIns
from services.key_registry.people.openid.policy import SignInPolicy
from services.key_registry.people.passwords import Passwords
from services.key_registry.people.ports import PeopleReader, PeopleStore, PeopleWriter, Person, Session
from services.key_registry.people.throttle import SignInThrottle
from shared import opaque
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import NotFound, Unauthenticated, Unavailable

MAX_USER_AGENT_CHARACTERS = 200
MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives without being used, and how long in any case."""

    idle: timedelta
    longest: timedelta


class SignInOrigin(NamedTuple):
    """`block` is what counts as one client: an IPv4 address, and of an IPv6 one its /64."""

    address: str
    block: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class OpenedSession:
    session: Session
    person: Person
    token: str = field(repr=False)


class SignInRefused(Unauthenticated):
    """One text for every cause, so that nobody learns who has an account; `cause` is for the log."""

    def __init__(self, cause: str, person: Person | None = None) -> None:
        super().__init__("the e-mail address or the password is wrong")
        self.cause = cause
        self.person = person


class Sessions:
    def __init__(
        self,
        store: PeopleStore,
        passwords: Passwords,
        throttle: SignInThrottle,
        pending: PendingSignIns,
        trail: AuditTrail,
        clock: Clock,
        lifetimes: Lifetimes,
        policy: SignInPolicy,
    ) -> None:
        self._policy = policy
        self._pending = pending
        self._store = store
        self._passwords = passwords
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._lifetimes = lifetimes

    async def sign_in(self, email: str, password: str, origin: SignInOrigin) -> OpenedSession | BegunSignIn:
        """A session; where a second factor is on, one that waits for it.

        Raises `SignInRefused`, after the same time whatever the cause, `TooManySignIns` and `Unavailable`.
        """
        email = email.lower()
        attempt = await self._throttle.begin(email, origin.block)
        try:
            async with self._store.reading() as reader:
                person = await reader.find_person_by_email(email)
                cause = await why_refused(reader, person)
            matches = await self._passwords.verify(None if person is None else person.password_hash, password)
            if person is None or cause or not matches:
                raise self._refused(person, cause or "wrong_password")
            if self._policy.requires_openid(person.company_id):
                raise self._refused(person, "openid_required")
            async with self._store.writing(by=None) as writer:
                now = self._now()
                current = await writer.find_person(person.id)  # as they are by now
                if current is None or (cause := await why_refused(writer, current)):
                    raise self._refused(current, cause or "unknown")
                if current.password_hash != person.password_hash:
                    raise self._refused(current, "password_changed")
                opened: OpenedSession | BegunSignIn
                if current.second_factor:
                    opened = await self._pending.begin(writer, current, origin.address, now)
                else:
                    opened = await open_session(writer, current, origin, now, self._lifetimes)
        except Unavailable:
            await self._throttle.release(attempt)
            raise
        if isinstance(opened, OpenedSession):
            await self._throttle.succeeded(attempt)
        else:  # wrong codes are counted with wrong passwords: a right password must not forget them
            await self._throttle.release(attempt)
        return opened

    async def own(self, admin: Admin) -> Sequence[Session]:
        """The caller's that go on, the newest first; who is no person has none."""
        if admin.kind != "person":
            return ()
        async with self._store.reading() as reader:
            sessions = await reader.sessions_of(admin.id, MAX_LISTED)
        return [session for session in sessions if session.live(self._now(), self._lifetimes.idle)]

    async def sign_out(self, admin: Admin, id_: UUID | None) -> None:
        """End one of the caller's sessions; None: the present one. Raises `NotFound`."""
        id_ = id_ or admin.session_id
        if admin.session_id is None or id_ is None:
            raise NotFound("there is no such session")
        async with self._store.writing(by=admin) as writer:
            now = self._now()
            if admin.kind == "portal_session":
                if id_ != admin.session_id or not await writer.end_portal_session(id_, now):
                    raise NotFound("there is no such session")
                await record(writer, admin.actor, "portal_session.ended", id_, admin.company_id, now)
                return
            if not await writer.end_session(admin.id, id_, now):
                raise NotFound("there is no such session")
            detail = {"person": str(admin.id)}
            await record(writer, admin.actor, "session.ended", id_, admin.company_id, now, detail)

    def _refused(self, person: Person | None, cause: str) -> SignInRefused:
        if person is not None:
            self._trail.note_refusal(sign_in_refusal(self._trail, person, cause))
        return SignInRefused(cause, person)

    def _now(self) -> datetime:
        return instant(self._clock.now())


def sign_in_refusal(trail: AuditTrail, person: Person, cause: str) -> AuditEvent:
    return trail.event(
        "person.sign_in_refused",
        actor="anonymous",
        subject_kind="person",
        subject=str(person.id),
        company_id=str(person.company_id) if person.company_id else None,
        detail={"cause": cause, "status": person.status},
    )


async def why_refused(reader: PeopleReader, person: Person | None) -> str | None:
    """Why nobody may act as this person; None when they may. Its company has to be active as well."""
    if person is None:
        return "unknown"
    if person.status != "active":
        return person.status
    if person.company_id is None:
        return None
    return await why_company_refused(reader, person.company_id)


async def why_company_refused(reader: PeopleReader, company_id: UUID) -> str | None:
    """Why nobody may act for this company; None when they may."""
    company = await reader.find(COMPANY, company_id)
    status = "deleted" if company is None else company["status"]
    return None if status == "active" else f"company_{status}"


async def open_session(
    writer: PeopleWriter,
    person: Person,
    origin: SignInOrigin,
    now: datetime,
    lifetimes: Lifetimes,
    *,
    second_factor: CodeKind | Literal["passkey", "openid"] | None = None,
) -> OpenedSession:
    """A new session, with its line in the trail."""
    token, id_ = opaque.mint(opaque.PERSON_SESSION), uuid7()
    session = Session(
        id=id_,
        person_id=person.id,
        digest=opaque.digest(token),
        created_at=now,
        last_used_at=now,
        expires_at=now + lifetimes.longest,
        ended_at=None,
        address=origin.address,
        user_agent=shortened(origin.user_agent),
    )
    await writer.insert_session(session)
    detail = {"person": str(person.id), "address": origin.address}
    detail |= {"second_factor": second_factor} if second_factor else {}
    await record(writer, f"person:{person.id}", "session.created", id_, person.company_id, now, detail)
    return OpenedSession(session, person, token)


def shortened(user_agent: str) -> str:
    """What is shown of a field that anybody may send anything in."""
    return "".join(c for c in user_agent if c.isprintable())[:MAX_USER_AGENT_CHARACTERS]
