"""The second step of a sign-in: a code after the password."""

from datetime import datetime

from services.key_registry.catalog.field_types import instant
from services.key_registry.people.acts import record
from services.key_registry.people.factors.codes import use_code
from services.key_registry.people.factors.ports import PendingSignIn
from services.key_registry.people.factors.sealing import FactorSecrets
from services.key_registry.people.ports import PeopleReader, PeopleStore, Person
from services.key_registry.people.sessions import (
    Lifetimes,
    OpenedSession,
    SignInOrigin,
    open_session,
    sign_in_refusal,
    why_refused,
)
from services.key_registry.people.throttle import SignInThrottle
from shared import opaque
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.errors import NotFound, Unauthenticated, Unavailable

MAX_WRONG_CODES = 5
"""After so many the password is needed again; the brake on guessing counts them as well."""


class PendingSignInInvalid(NotFound):
    """Unknown, used, expired, or its person was stopped: which of them is for the log alone."""

    code = "pending_sign_in_invalid"

    def __init__(self, cause: str) -> None:
        super().__init__("the sign-in was finished, has expired or never began: begin with the password again")
        self.cause = cause


class SecondFactorRefused(Unauthenticated):
    code = "second_factor_refused"

    def __init__(self) -> None:
        super().__init__("the code is wrong, or was used before")


class SecondStep:
    def __init__(
        self,
        store: PeopleStore,
        throttle: SignInThrottle,
        secrets: FactorSecrets,
        trail: AuditTrail,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        self._store = store
        self._throttle = throttle
        self._secrets = secrets
        self._trail = trail
        self._clock = clock
        self._lifetimes = lifetimes

    async def finish(self, token: str, code: str, origin: SignInOrigin) -> OpenedSession:
        """The session, once.

        Raises `PendingSignInInvalid`, `SecondFactorRefused`, `TooManySignIns` and `Unavailable`.
        """
        if not opaque.well_formed(opaque.PENDING_SIGN_IN, token):
            raise PendingSignInInvalid("malformed")
        digest = opaque.digest(token)
        async with self._store.reading() as reader:
            _, person = await self._pending(reader, digest)
        attempt = await self._throttle.begin(person.email, origin.block)
        try:
            opened = await self._tried(digest, code, origin)
        except (Unavailable, PendingSignInInvalid):
            await self._throttle.release(attempt)
            raise
        if opened is None:
            self._trail.note_refusal(sign_in_refusal(self._trail, person, "wrong_code"))
            raise SecondFactorRefused
        await self._throttle.succeeded(attempt)
        return opened

    async def _tried(self, digest: bytes, code: str, origin: SignInOrigin) -> OpenedSession | None:
        """None: the code is wrong, which is counted."""
        async with self._store.writing() as writer:
            now = self._now()
            pending, person = await self._pending(writer, digest)
            used = await use_code(writer, person, code, now, self._secrets)
            if used is None:
                await writer.count_wrong_code(pending.id, MAX_WRONG_CODES)
                return None
            await writer.delete_pending_sign_in(pending.id)
            if used == "recovery_code":
                left = {"left": await writer.count_recovery_codes(person.id)}
                action = "person.recovery_code_used"
                await record(writer, f"person:{person.id}", action, person.id, person.company_id, now, left)
            return await open_session(writer, person, origin, now, self._lifetimes, second_factor=used)

    async def _pending(self, reader: PeopleReader, digest: bytes) -> tuple[PendingSignIn, Person]:
        """Raises `PendingSignInInvalid`."""
        pending = await reader.find_pending_sign_in(digest)
        if pending is None:
            raise PendingSignInInvalid("unknown")
        if pending.expires_at <= self._now():
            raise PendingSignInInvalid("expired")
        person = await reader.find_person(pending.person_id)
        if cause := await why_refused(reader, person):
            raise PendingSignInInvalid(cause)
        if person is None or not person.second_factor:
            raise PendingSignInInvalid("second_factor_off")
        return pending, person

    def _now(self) -> datetime:
        return instant(self._clock.now())
