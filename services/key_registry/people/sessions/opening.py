"""A new session of a person who has shown who they are, however they did."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from uuid_utils.compat import uuid7

from services.key_registry.people.acts import record
from services.key_registry.people.factors.codes import CodeKind
from services.key_registry.people.ports import PeopleWriter, Person, Session
from shared import opaque

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
