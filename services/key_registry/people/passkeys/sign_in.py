"""Signing in with a passkey, without a password."""

from typing import Any

from services.key_registry.catalog.field_types import now_of
from services.key_registry.people.passkeys.challenges import SIGN_IN, Challenges
from services.key_registry.people.passkeys.relying_party import (
    UNAVAILABLE,
    InvalidCredential,
    RelyingParty,
    WebAuthnResponse,
    challenge_of,
    credential_id_of,
)
from services.key_registry.people.ports import PeopleStore, Person
from services.key_registry.people.refusals import RefusedForCause
from services.key_registry.people.sealing import InvalidSeal
from services.key_registry.people.sessions.opening import OpenedSession, SessionOpening, SignInOrigin
from services.key_registry.people.sessions.standing import why_refused
from services.key_registry.people.sign_in_policy import SignInPolicy
from shared.clock import Clock
from shared.errors import Conflict, Unauthenticated


class PasskeyRefused(RefusedForCause, Unauthenticated):
    """One text for every cause; `cause` is for the log."""

    code = "passkey_refused"

    def __init__(self, cause: str, person: Person | None = None) -> None:
        super().__init__("the passkey is unknown or was not accepted: try again, or use the password", cause=cause)
        self.person = person


class PasskeySignIn:
    def __init__(
        self,
        store: PeopleStore,
        party: RelyingParty | None,
        challenges: Challenges | None,
        opening: SessionOpening,
        policy: SignInPolicy,
        clock: Clock,
    ) -> None:
        self._store = store
        self._party = party
        self._challenges = challenges
        self._opening = opening
        self._policy = policy
        self._clock = clock

    def options(self) -> dict[str, Any]:
        """Nothing is kept of them. Raises `Conflict` where there are no passkeys."""
        party, challenges = self._party_and_challenges()
        return party.request_options(challenges.issue(SIGN_IN, self._clock.now()))

    async def sign_in(self, credential: WebAuthnResponse, origin: SignInOrigin) -> OpenedSession:
        """Raises `PasskeyRefused` and `Conflict`.

        A passkey proves possession and who has it: no code is needed beside it. A signature cannot be guessed, so
        there is no rate limit; nothing is written before it holds.
        """
        party, challenges = self._party_and_challenges()
        try:
            given, credential_id = challenge_of(credential), credential_id_of(credential)
            challenge = challenges.verify(given, SIGN_IN, self._clock.now())
        except (InvalidCredential, InvalidSeal) as error:
            raise PasskeyRefused("malformed" if isinstance(error, InvalidCredential) else "challenge") from None
        async with self._store.reading() as reader:
            passkey = await reader.find_passkey(credential_id)
            person = None if passkey is None else await reader.find_person(passkey.person_id)
            cause = await why_refused(reader, person)
        if passkey is None or person is None:
            raise PasskeyRefused("unknown")
        try:
            count = party.verify(credential, given, passkey)
        except InvalidCredential:
            raise self._refused(person, "wrong_passkey") from None
        if cause is None and self._policy.requires_openid(person.company_id):
            cause = "openid_required"
        if cause:
            raise self._refused(person, cause)
        async with self._store.writing(by=None) as writer:
            now = now_of(self._clock)
            current = await writer.find_person(person.id)
            cause = await why_refused(writer, current)
            if cause is None and not await writer.use_seal(challenge):
                cause = "challenge_used"
            if cause is None and not await writer.passkey_used(passkey.id, count, now):
                cause = "passkey_removed_or_copied"
            if current is None or cause:
                raise self._refused(person, cause or "unknown")
            return await self._opening.open(writer, current, origin, now, "passkey")

    def _party_and_challenges(self) -> tuple[RelyingParty, Challenges]:
        if self._party is None or self._challenges is None:
            raise Conflict(UNAVAILABLE)
        return self._party, self._challenges

    def _refused(self, person: Person, cause: str) -> PasskeyRefused:
        self._opening.note_refusal(person, cause)
        return PasskeyRefused(cause, person)
