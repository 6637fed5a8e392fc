"""A sign-in that waits for a second factor: the password was right, and nothing else is known."""

from datetime import datetime, timedelta
from typing import NamedTuple

from uuid_utils.compat import uuid7

from services.key_registry.people.acts import record
from services.key_registry.people.factors.ports import PendingSignIn
from services.key_registry.people.ports import PeopleWriter, Person
from shared import opaque

PENDING_LIFE_S = 300
"""Seconds from the password to the code."""
KEPT_AT_ONCE = 4
"""Of one person: whoever knows the password can begin as many as they like."""


class BegunSignIn(NamedTuple):
    token: str
    expires_at: datetime


async def begin(writer: PeopleWriter, person: Person, address: str, now: datetime) -> BegunSignIn:
    token = opaque.mint(opaque.PENDING_SIGN_IN)
    pending = PendingSignIn(
        id=uuid7(),
        person_id=person.id,
        digest=opaque.digest(token),
        expires_at=now + timedelta(seconds=PENDING_LIFE_S),
        wrong_codes=0,
    )
    await writer.insert_pending_sign_in(pending, kept=KEPT_AT_ONCE)
    actor, detail = f"person:{person.id}", {"address": address}
    await record(writer, actor, "person.second_factor_requested", person.id, person.company_id, now, detail)
    return BegunSignIn(token, pending.expires_at)
