"""A sign-in that waits for a second factor: the password was right, or the OpenID
provider said who it is, and nothing else is known.

It is kept by whoever signs in. So those who know somebody's password may begin as often as they like: they fill no
table, and push out no sign-in of that person.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.key_registry.people.audit import record
from services.key_registry.people.ports import PeopleWriter, Person
from services.key_registry.people.sealing import InvalidSeal, OpenedSeal, Seals
from shared import opaque

PENDING_LIFE_S = 300
"""Seconds from the password to the code."""
_PURPOSE = b"pending sign-in"
_ID_BYTES = 16
_CONTENT_BYTES = _ID_BYTES + hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    token: str = field(repr=False)
    expires_at: datetime


class PendingSignIn(NamedTuple):
    """It is no session: nothing but a code can be sent with it."""

    person_id: UUID
    state: bytes
    seal: OpenedSeal

    def is_of(self, person: Person) -> bool:
        """False for somebody else, and for one who has changed since: password, factors, role, status."""
        return self.person_id == person.id and self.state == _state_of(person)


class PendingSignIns:
    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    async def begin(self, writer: PeopleWriter, person: Person, address: str, now: datetime) -> BegunSignIn:
        content, at = person.id.bytes + _state_of(person), now.timestamp()
        begun = self._seals.seal(content, _PURPOSE, now=at, life_s=PENDING_LIFE_S)
        actor, detail = f"person:{person.id}", {"address": address}
        await record(writer, actor, "person.second_factor_requested", person.id, person.company_id, now, detail)
        return BegunSignIn(opaque.sealed(opaque.PENDING_SIGN_IN, begun.data), begun.expires_at)

    def read(self, token: str, now: datetime) -> PendingSignIn:
        """Raises `InvalidSeal`. Whether it was finished is known to the store alone."""
        sealed = opaque.content_of_sealed(opaque.PENDING_SIGN_IN, token)
        if sealed is None:
            raise InvalidSeal("malformed")
        opened = self._seals.open(sealed, _PURPOSE, now=now.timestamp(), content_bytes=_CONTENT_BYTES)
        id_, state = opened.content[:_ID_BYTES], opened.content[_ID_BYTES:]
        return PendingSignIn(UUID(bytes=id_), state, opened)


def _state_of(person: Person) -> bytes:
    parts = (person.password_hash, person.totp_since, person.updated_at)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
