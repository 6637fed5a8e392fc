"""The second step of a sign-in: a code after the password or the OpenID provider."""

from services.key_registry.catalog.field_types import now_of
from services.key_registry.people.audit import record
from services.key_registry.people.factors.codes import use_code
from services.key_registry.people.factors.totp_secrets import TotpSecrets
from services.key_registry.people.ports import PeopleReader, PeopleStore, Person
from services.key_registry.people.refusals import RefusedForCause
from services.key_registry.people.sealing import InvalidSeal
from services.key_registry.people.sessions.opening import OpenedSession, SessionOpening, SignInOrigin
from services.key_registry.people.sessions.pending import PendingSignIn, PendingSignIns
from services.key_registry.people.sessions.standing import why_refused
from services.key_registry.people.throttle import SignInThrottle
from shared.clock import Clock
from shared.errors import NotFound, Unauthenticated, Unavailable


class PendingSignInInvalid(RefusedForCause, NotFound):
    """Unknown, used, expired, or its person was stopped: which of them is for the log alone."""

    code = "pending_sign_in_invalid"

    def __init__(self, cause: str) -> None:
        super().__init__("the sign-in was finished, has expired or never began: sign in again", cause=cause)


class SecondFactorRefused(Unauthenticated):
    code = "second_factor_refused"

    def __init__(self) -> None:
        super().__init__("the code is wrong, or was used before")


class SecondStep:
    def __init__(
        self,
        store: PeopleStore,
        throttle: SignInThrottle,
        pending: PendingSignIns,
        secrets: TotpSecrets,
        opening: SessionOpening,
        clock: Clock,
    ) -> None:
        self._store = store
        self._throttle = throttle
        self._pending = pending
        self._secrets = secrets
        self._opening = opening
        self._clock = clock

    async def finish(self, token: str, code: str, origin: SignInOrigin) -> OpenedSession:
        """The session, once. The rate limit counts wrong codes with wrong passwords.

        Raises `PendingSignInInvalid`, `SecondFactorRefused`, `TooManySignIns` and `Unavailable`.
        """
        try:
            pending = self._pending.read(token, now_of(self._clock))
        except InvalidSeal as error:
            raise PendingSignInInvalid(error.args[0]) from None
        async with self._store.reading() as reader:
            person = await self._person(reader, pending)
        attempt = await self._throttle.begin(person.email, origin.block)
        try:
            opened = await self._opened(pending, code, origin)
        except (Unavailable, PendingSignInInvalid):
            await self._throttle.release(attempt)
            raise
        except SecondFactorRefused:
            self._opening.note_refusal(person, "wrong_code")
            raise
        await self._throttle.succeeded(attempt)
        return opened

    async def _opened(self, pending: PendingSignIn, code: str, origin: SignInOrigin) -> OpenedSession:
        """A wrong code is as if nothing had been sent: another may follow."""
        async with self._store.writing(by=None) as writer:
            now, person = now_of(self._clock), await self._person(writer, pending)
            if not await writer.use_seal(pending.seal):
                raise PendingSignInInvalid("used")
            used = await use_code(writer, person, code, now, self._secrets)
            if used is None:
                raise SecondFactorRefused
            if used == "recovery_code":
                left = {"left": await writer.count_recovery_codes(person.id)}
                action = "person.recovery_code_used"
                await record(writer, f"person:{person.id}", action, person.id, person.company_id, now, left)
            return await self._opening.open(writer, person, origin, now, used)

    async def _person(self, reader: PeopleReader, pending: PendingSignIn) -> Person:
        """Raises `PendingSignInInvalid`."""
        person = await reader.find_person(pending.person_id)
        if cause := await why_refused(reader, person):
            raise PendingSignInInvalid(cause)
        if person is None or not person.second_factor:
            raise PendingSignInInvalid("second_factor_off")
        if not pending.is_of(person):
            raise PendingSignInInvalid("person_changed")
        return person
