"""Signing in by the OpenID provider: people who exist, or are invited, with an e-mail address that it verified."""

from datetime import UTC, datetime
from typing import NamedTuple

from services.key_registry.catalog.field_types import instant
from services.key_registry.people.acceptance import InvitationAcceptance, InvitationInvalid
from services.key_registry.people.acts import record
from services.key_registry.people.factors.pending import BegunSignIn, PendingSignIns
from services.key_registry.people.openid.id_token import InvalidIdToken, VerifiedSubject, verified
from services.key_registry.people.openid.ports import Identity
from services.key_registry.people.openid.provider import CodeRefused, Provider
from services.key_registry.people.openid.states import InvalidState, State, States
from services.key_registry.people.ports import PeopleStore, PeopleWriter, Person
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
from shared.errors import Conflict, Unauthenticated, Unavailable, Unprocessable


class BegunOpenId(NamedTuple):
    url: str
    """Of the provider, for the browser."""
    token: str
    """For the browser to keep: without it nobody returns."""


class OpenIdRefused(Unauthenticated):
    """One text for every cause; `cause` is for the log."""

    code = "openid_refused"

    def __init__(self, cause: str, person: Person | None = None) -> None:
        super().__init__("the OpenID provider's response was not accepted, or its e-mail address has no account")
        self.cause = cause
        self.person = person


class SubjectTaken(Conflict):
    """Whoever signs in has shown that the account there is theirs, and may know that it is in use here."""

    code = "openid_subject_taken"

    def __init__(self) -> None:
        super().__init__(
            "this account at the OpenID provider signs in another person here: ask an owner to reset that person's "
            "second factor, or to revoke them"
        )


class Returned(NamedTuple):
    """What a browser brings back from the provider; `issuer` empty: the response had no `iss`."""

    token: str
    state: str
    code: str
    issuer: str


class OpenIdSignIn:
    """`provider` or `states` None: there is no such sign-in, and each method raises `Conflict`."""

    def __init__(
        self,
        store: PeopleStore,
        provider: Provider | None,
        states: States | None,
        acceptance: InvitationAcceptance,
        throttle: SignInThrottle,
        pending: PendingSignIns,
        trail: AuditTrail,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        self._pending = pending
        self._store = store
        self._provider = provider
        self._states = states
        self._acceptance = acceptance
        self._throttle = throttle
        self._trail = trail
        self._clock = clock
        self._lifetimes = lifetimes

    async def begin(self, invitation: str = "") -> BegunOpenId:
        """Nothing is written. Raises `InvitationInvalid`, `Unavailable` and `Conflict`."""
        provider, states = self._both()
        if invitation:
            await self._acceptance.inspect(invitation)
        token, state = states.begin(invitation, self._clock.now())
        url = await provider.authorization_url(state.state, state.nonce, state.code_challenge)
        return BegunOpenId(url, token)

    async def finish(self, returned: Returned, origin: SignInOrigin) -> OpenedSession | BegunSignIn:
        """A session, once; where a second factor is on, one that waits for it.

        Attempts from one address count as failed sign-ins do, since each is a call to the provider. Raises
        `OpenIdRefused`, `SubjectTaken`, `InvitationInvalid`, `TooManySignIns`, `Unavailable` and `Conflict`.
        """
        provider, states = self._both()
        try:
            state = states.verify(returned.token, returned.state, self._clock.now())
        except InvalidState:
            raise OpenIdRefused("state") from None
        named = bool(returned.issuer) or (await provider.metadata()).names_issuer
        if named and returned.issuer != provider.client.issuer:
            raise OpenIdRefused("response_of_another_issuer")
        if not returned.code:
            raise OpenIdRefused("cancelled")
        attempt = await self._throttle.begin(None, origin.block)
        try:
            token = await provider.id_token(returned.code, state.code_verifier)
            subject = await verified(token, provider, state.nonce, self._clock.now())
            opened = await self._opened(state, subject, provider.client.issuer, origin)
        except (Unavailable, InvitationInvalid):
            await self._throttle.release(attempt)
            raise
        except (CodeRefused, InvalidIdToken) as error:
            cause = error.args[0] if isinstance(error, InvalidIdToken) else "code"
            raise OpenIdRefused(cause) from None
        await self._throttle.succeeded(attempt)
        return opened

    async def _opened(
        self, state: State, subject: VerifiedSubject, issuer: str, origin: SignInOrigin
    ) -> OpenedSession | BegunSignIn:
        unusable = await self._acceptance.unusable_password() if state.invitation else ""
        async with self._store.writing() as writer:
            now = instant(self._clock.now())
            ends = datetime.fromtimestamp(state.expires_at, UTC)
            if not await writer.use_challenge(opaque.digest(state.state), ends):
                raise OpenIdRefused("state_used")
            if state.invitation:
                person = await self._invited(writer, state.invitation, subject.email, unusable)
            else:
                person = await self._known(writer, subject.email)
            await self._require_same_subject(writer, person, Identity(person.id, issuer, subject.subject, now))
            if person.second_factor:
                return await self._pending.begin(writer, person, origin.address, now)
            return await open_session(writer, person, origin, now, self._lifetimes, second_factor="openid")

    async def _known(self, writer: PeopleWriter, email: str) -> Person:
        person = await writer.find_person_by_email(email)
        cause = await why_refused(writer, person)
        if person is None or cause:
            raise self._refused(cause or "unknown", person)
        return person

    async def _invited(self, writer: PeopleWriter, invitation: str, email: str, password_hash: str) -> Person:
        try:
            return await self._acceptance.create(writer, invitation, email, password_hash)
        except Unprocessable:  # for another address, or somebody has this one
            raise self._refused("invitation_of_another_email") from None

    async def _require_same_subject(self, writer: PeopleWriter, person: Person, identity: Identity) -> None:
        """Whoever gets somebody's e-mail address at the provider later is somebody else."""
        known = await writer.find_identity(person.id, identity.issuer)
        if known is not None and known.subject != identity.subject:
            raise self._refused("another_subject", person)
        if known is None:
            if not await writer.insert_identity(identity):
                self._trail.note_refusal(sign_in_refusal(self._trail, person, "subject_of_another_person"))
                raise SubjectTaken
            actor, at, detail = f"person:{person.id}", identity.created_at, {"issuer": identity.issuer}
            await record(writer, actor, "person.openid_linked", person.id, person.company_id, at, detail)

    def _refused(self, cause: str, person: Person | None = None) -> OpenIdRefused:
        if person is not None:
            self._trail.note_refusal(sign_in_refusal(self._trail, person, cause))
        return OpenIdRefused(cause, person)

    def _both(self) -> tuple[Provider, States]:
        if self._provider is None or self._states is None:
            raise Conflict("the registry has no PASSGATE_OPENID_ISSUER")
        return self._provider, self._states
