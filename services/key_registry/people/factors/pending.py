"""A sign-in that waits for a second factor: the password was right, and nothing else is known.

It is kept by whoever signs in, sealed with its end. So those who know somebody's password may begin as often as
they like: they fill no table, and push out no sign-in of that person. What was finished is kept until it expires.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.key_registry.people.acts import record
from services.key_registry.people.ports import PeopleWriter, Person
from shared import opaque
from shared.sealed_box import CannotOpen, SealedBox

PENDING_LIFE_S = 300
"""Seconds from the password to the code."""
_CONTEXT = b"pending sign-in"
_END_BYTES, _ID_BYTES = 8, 16
_CONTENT_BYTES = _END_BYTES + _ID_BYTES + hashlib.sha256().digest_size


class InvalidPending(Exception):
    """`args[0]` says why, in one word: `malformed` is not ours as well."""


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    token: str = field(repr=False)
    expires_at: datetime


class PendingSignIn(NamedTuple):
    """It is no session: nothing but a code can be sent with it."""

    person_id: UUID
    digest: bytes
    """By which it is known once it was finished."""
    expires_at: datetime
    state: bytes

    def is_of(self, person: Person) -> bool:
        """False for somebody else, and for one who has changed since: password, factors, role, status."""
        return self.person_id == person.id and self.state == _state_of(person)


class PendingSignIns:
    def __init__(self, box: SealedBox) -> None:
        self._box = box

    async def begin(self, writer: PeopleWriter, person: Person, address: str, now: datetime) -> BegunSignIn:
        ends = int((now + timedelta(seconds=PENDING_LIFE_S)).timestamp())
        content = ends.to_bytes(_END_BYTES) + person.id.bytes + _state_of(person)
        token = opaque.sealed(opaque.PENDING_SIGN_IN, self._box.seal(content, context=_CONTEXT))
        actor, detail = f"person:{person.id}", {"address": address}
        await record(writer, actor, "person.second_factor_requested", person.id, person.company_id, now, detail)
        return BegunSignIn(token, datetime.fromtimestamp(ends, UTC))

    def read(self, token: str, now: datetime) -> PendingSignIn:
        """Raises `InvalidPending`. Whether it was finished is known to the store alone."""
        content = opaque.content_of_sealed(opaque.PENDING_SIGN_IN, token)
        if content is None:
            raise InvalidPending("malformed")
        try:
            opened = self._box.open(content, context=_CONTEXT)
        except CannotOpen:
            raise InvalidPending("malformed") from None
        if len(opened) != _CONTENT_BYTES:  # of another version, with other members
            raise InvalidPending("expired")
        end, rest = datetime.fromtimestamp(int.from_bytes(opened[:_END_BYTES]), UTC), opened[_END_BYTES:]
        if end <= now:
            raise InvalidPending("expired")
        return PendingSignIn(UUID(bytes=rest[:_ID_BYTES]), opaque.digest(token), end, rest[_ID_BYTES:])


def _state_of(person: Person) -> bytes:
    parts = (person.password_hash, person.totp_since, person.updated_at)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
