"""Signing in with a password."""

from services.key_registry.catalog.field_types import now_of
from services.key_registry.people.passwords import Passwords
from services.key_registry.people.ports import PeopleStore, Person
from services.key_registry.people.refusals import RefusedForCause
from services.key_registry.people.sessions.opening import OpenedSession, SessionOpening, SignInOrigin
from services.key_registry.people.sessions.pending import BegunSignIn
from services.key_registry.people.sessions.standing import why_refused
from services.key_registry.people.sign_in_policy import SignInPolicy
from services.key_registry.people.throttle import SignInThrottle
from shared.clock import Clock
from shared.errors import Unauthenticated, Unavailable


class SignInRefused(RefusedForCause, Unauthenticated):
    """One text for every cause, so that nobody learns who has an account; `cause` is for the log."""

    def __init__(self, cause: str, person: Person | None = None) -> None:
        super().__init__("the e-mail address or the password is wrong", cause=cause)
        self.person = person


class PasswordSignIn:
    def __init__(
        self,
        store: PeopleStore,
        passwords: Passwords,
        throttle: SignInThrottle,
        opening: SessionOpening,
        policy: SignInPolicy,
        clock: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._throttle = throttle
        self._opening = opening
        self._policy = policy
        self._clock = clock

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
                now = now_of(self._clock)
                current = await writer.find_person(person.id)  # as they are by now
                if current is None or (cause := await why_refused(writer, current)):
                    raise self._refused(current, cause or "unknown")
                if current.password_hash != person.password_hash:
                    raise self._refused(current, "password_changed")
                opened = await self._opening.open_or_wait(writer, current, origin, now)
        except Unavailable:
            await self._throttle.release(attempt)
            raise
        if isinstance(opened, OpenedSession):
            await self._throttle.succeeded(attempt)
        else:  # wrong codes are counted with wrong passwords: a right password must not forget them
            await self._throttle.release(attempt)
        return opened

    def _refused(self, person: Person | None, cause: str) -> SignInRefused:
        if person is not None:
            self._opening.note_refusal(person, cause)
        return SignInRefused(cause, person)
