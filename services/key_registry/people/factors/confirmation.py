"""What people do to their own account once they have shown again that it is theirs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple, TypeVar

from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.factors.codes import use_code
from services.key_registry.people.factors.sealing import FactorSecrets
from services.key_registry.people.passkeys.challenges import (
    Challenge,
    Challenges,
    InvalidChallenge,
    confirmation_of,
)
from services.key_registry.people.passwords import Passwords
from services.key_registry.people.ports import PeopleStore, PeopleWriter, Person
from services.key_registry.people.throttle import SignInThrottle
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, Unprocessable
from shared.jose import base64url

T = TypeVar("T")
NOT_CONFIRMED = "was used, or came too late: sign in at the OpenID provider again"


class Presented(NamedTuple):
    """`code` is needed where a second factor is on."""

    password: str
    code: str
    address_block: str
    confirmation: str = ""
    """Of a fresh sign-in at the OpenID provider, in the place of the password."""


class Confirmation:
    def __init__(
        self,
        store: PeopleStore,
        passwords: Passwords,
        throttle: SignInThrottle,
        secrets: FactorSecrets,
        challenges: Challenges | None,
        trail: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._throttle = throttle
        self._secrets = secrets
        self._challenges = challenges
        self._trail = trail
        self._clock = clock

    async def confirmed(
        self,
        admin: Admin,
        presented: Presented,
        act: Callable[[PeopleWriter, Person, datetime], Awaitable[T]],
    ) -> T:
        """`act`, in the transaction that uses the code up.

        What is wrong counts as a failed sign-in, for who has a session alone. Raises `Unprocessable` naming
        `password`, `confirmation` or `code`, `TooManySignIns`, `Forbidden` for who is no person, and what `act`
        raises.
        """
        if admin.kind != "person":
            raise Forbidden(f"a {admin.noun} has no second factor")
        async with self.attempt(admin, presented.address_block):
            async with self._store.reading() as reader:
                person = await reader.find_person(admin.id)
            if person is None:
                raise NotFound("there is no such person")
            challenge = self._fresh_sign_in(admin, person, presented) if presented.confirmation else None
            if challenge is None and not await self._passwords.verify(person.password_hash, presented.password):
                raise self._refused(person, "password", "is not the present password")
            async with self._store.writing(by=admin) as writer:
                now, latest = instant(self._clock.now()), await writer.find_person(admin.id)
                if latest is None or latest.password_hash != person.password_hash:
                    raise self._refused(person, "password", "is not the present password")
                if latest.second_factor and not await use_code(writer, latest, presented.code, now, self._secrets):
                    raise self._refused(person, "code", "is wrong, or was used before")
                if challenge is not None and not await writer.use_challenge(challenge.digest, challenge.expires_at):
                    raise self._refused(person, "confirmation", NOT_CONFIRMED)
                return await act(writer, await writer.find_person(admin.id) or latest, now)

    def _fresh_sign_in(self, admin: Admin, person: Person, presented: Presented) -> Challenge:
        """It confirms one act, and stays as it is when that comes to nothing."""
        try:
            if self._challenges is None:
                raise InvalidChallenge
            given, now = base64url.decode(presented.confirmation.encode("ascii")), self._clock.now()
            return self._challenges.verify(given, confirmation_of(admin.id, str(admin.session_id)), now)
        except (InvalidChallenge, ValueError):
            raise self._refused(person, "confirmation", NOT_CONFIRMED) from None

    @asynccontextmanager
    async def attempt(self, admin: Admin, address_block: str) -> AsyncIterator[None]:
        """What fails within counts as a failed sign-in; a success forgets those before. Raises `TooManySignIns`."""
        attempt = await self._throttle.begin(admin.name, address_block)
        try:
            yield
        except (Unavailable, Conflict):
            await self._throttle.release(attempt)
            raise
        await self._throttle.succeeded(attempt)

    def _refused(self, person: Person, field: str, message: str) -> Invalid:
        self._trail.note_refusal(
            self._trail.event(
                "person.confirmation_refused",
                actor=f"person:{person.id}",
                subject_kind="person",
                subject=str(person.id),
                company_id=str(person.company_id) if person.company_id else None,
                detail={"cause": f"wrong_{field}"},
            )
        )
        return Unprocessable.field(field, message)
