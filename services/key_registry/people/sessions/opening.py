"""How each way of signing in ends."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import id_text
from services.key_registry.people.audit import record
from services.key_registry.people.ports import PeopleWriter, Person, Session
from services.key_registry.people.sessions.pending import BegunSignIn, PendingSignIns
from shared import opaque
from shared.audit.trail import AuditTrail

SignInMethod = Literal["totp", "recovery_code", "passkey", "openid"]
"""What showed who it is, beside a password or in its place; as `amr` of RFC 8176, with words of our own."""
MAX_USER_AGENT_CHARACTERS = 200


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


class SessionOpening:
    """The three ends of a sign-in: a session, a wait for the code of a second factor, or a refusal."""

    def __init__(self, lifetimes: Lifetimes, pending: PendingSignIns, trail: AuditTrail) -> None:
        self._lifetimes = lifetimes
        self._pending = pending
        self._trail = trail

    async def open(
        self,
        writer: PeopleWriter,
        person: Person,
        origin: SignInOrigin,
        now: datetime,
        method: SignInMethod | None = None,
    ) -> OpenedSession:
        """A new session, with its line in the trail."""
        token, id_ = opaque.mint(opaque.PERSON_SESSION), uuid7()
        session = Session(
            id=id_,
            person_id=person.id,
            digest=opaque.digest(token),
            created_at=now,
            last_used_at=now,
            expires_at=now + self._lifetimes.longest,
            ended_at=None,
            address=origin.address,
            user_agent=shortened(origin.user_agent),
        )
        await writer.insert_session(session)
        detail = {"person": str(person.id), "address": origin.address}
        detail |= {"second_factor": method} if method else {}
        await record(writer, f"person:{person.id}", "session.created", id_, person.company_id, now, detail)
        return OpenedSession(session, person, token)

    async def open_or_wait(
        self,
        writer: PeopleWriter,
        person: Person,
        origin: SignInOrigin,
        now: datetime,
        method: SignInMethod | None = None,
    ) -> OpenedSession | BegunSignIn:
        """A session, or where a second factor is on a sign-in that waits for its code.

        After a password or the OpenID provider; not after a passkey, which needs no code.
        """
        if person.second_factor:
            return await self._pending.begin(writer, person, origin.address, now)
        return await self.open(writer, person, origin, now, method)

    def note_refusal(self, person: Person, cause: str) -> None:
        """A line in the trail; `cause` is never shown to them."""
        self._trail.note_refusal(
            self._trail.event(
                "person.sign_in_refused",
                actor="anonymous",
                subject_kind="person",
                subject=str(person.id),
                company_id=id_text(person.company_id),
                detail={"cause": cause, "status": person.status},
            )
        )


def shortened(user_agent: str) -> str:
    """What is shown of a field that anybody may send anything in."""
    return "".join(c for c in user_agent if c.isprintable())[:MAX_USER_AGENT_CHARACTERS]
