"""Signing in by the OpenID provider: people who exist, or are invited, with an e-mail address that it verified."""

from services.key_registry.catalog.field_types import now_of
from services.key_registry.people.audit import record
from services.key_registry.people.invitations.acceptance import InvitationAcceptance
from services.key_registry.people.openid.authorization_flow import (
    AuthorizationFlow,
    AuthorizationResponse,
    Authorized,
    BegunOpenId,
    OpenIdRefused,
)
from services.key_registry.people.openid.ports import Identity
from services.key_registry.people.ports import PeopleStore, PeopleWriter, Person
from services.key_registry.people.sessions.opening import OpenedSession, SessionOpening, SignInOrigin
from services.key_registry.people.sessions.pending import BegunSignIn
from services.key_registry.people.sessions.standing import why_refused
from shared.clock import Clock
from shared.errors import Conflict, Unprocessable


class SubjectTaken(Conflict):
    """Whoever signs in has shown that the account there is theirs, and may know that it is in use here."""

    code = "openid_subject_taken"

    def __init__(self) -> None:
        super().__init__(
            "this account at the OpenID provider signs in another person here: ask an owner to reset that person's "
            "second factor, or to revoke them"
        )


class OpenIdSignIn:
    """Where there is no provider, each method raises `Conflict`."""

    def __init__(
        self,
        store: PeopleStore,
        flow: AuthorizationFlow,
        acceptance: InvitationAcceptance,
        opening: SessionOpening,
        clock: Clock,
    ) -> None:
        self._store = store
        self._flow = flow
        self._acceptance = acceptance
        self._opening = opening
        self._clock = clock

    async def begin(self, invitation: str = "") -> BegunOpenId:
        """Nothing is written. Raises `InvitationInvalid`, `Unavailable` and `Conflict`."""
        if invitation and self._flow.issuer is not None:
            await self._acceptance.inspect(invitation)
        return await self._flow.begin(invitation=invitation)

    async def finish(self, response: AuthorizationResponse, origin: SignInOrigin) -> OpenedSession | BegunSignIn:
        """A session, once; where a second factor is on, one that waits for it.

        Raises as `AuthorizationFlow`, `SubjectTaken` and `InvitationInvalid`.
        """
        async with self._flow.callback(response, origin.block) as authorized:
            return await self._opened(authorized, origin)

    async def _opened(self, authorized: Authorized, origin: SignInOrigin) -> OpenedSession | BegunSignIn:
        state, subject, issuer = authorized.state, authorized.subject, self._flow.issuer or ""
        unusable = await self._acceptance.unusable_password() if state.invitation else ""
        async with self._store.writing(by=None) as writer:
            now = now_of(self._clock)
            if not await writer.use_seal(authorized.seal):
                raise OpenIdRefused("state_used")
            if state.invitation:
                person = await self._invited(writer, state.invitation, subject.email, unusable)
            else:
                person = await self._known(writer, subject.email)
            await self._require_same_subject(writer, person, Identity(person.id, issuer, subject.subject, now))
            return await self._opening.open_or_wait(writer, person, origin, now, "openid")

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
                self._opening.note_refusal(person, "subject_of_another_person")
                raise SubjectTaken
            actor, at, detail = f"person:{person.id}", identity.created_at, {"issuer": identity.issuer}
            await record(writer, actor, "person.openid_linked", person.id, person.company_id, at, detail)

    def _refused(self, cause: str, person: Person | None = None) -> OpenIdRefused:
        if person is not None:
            self._opening.note_refusal(person, cause)
        return OpenIdRefused(cause, person)
