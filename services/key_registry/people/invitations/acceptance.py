"""Accepting an invitation: the token is the credential, and becomes a person once."""

import secrets

from uuid_utils.compat import uuid7

from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.people.audit import record
from services.key_registry.people.invitations.ports import Invitation
from services.key_registry.people.links import LinkInvalid
from services.key_registry.people.passwords import Passwords, check_password
from services.key_registry.people.ports import PeopleReader, PeopleStore, PeopleWriter, Person
from services.key_registry.people.requests import Acceptance
from services.key_registry.people.responses import InspectedInvitation
from services.key_registry.people.sessions.opening import OpenedSession, SessionOpening, SignInOrigin
from services.key_registry.people.sign_in_policy import SignInPolicy
from services.key_registry.people.throttle import SignInThrottle
from shared import opaque
from shared.clock import Clock
from shared.errors import Conflict, Unavailable, Unprocessable


class InvitationInvalid(LinkInvalid):
    code = "invitation_invalid"

    def __init__(self, cause: str) -> None:
        super().__init__("the invitation is unknown, used, revoked or expired: request another one", cause)


class InvitationAcceptance:
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

    async def inspect(self, token: str) -> Invitation:
        """Raises `InvitationInvalid`."""
        if not opaque.well_formed(opaque.INVITATION, token):
            raise InvitationInvalid("malformed")
        async with self._store.reading() as reader:
            return await self._open(reader, token)

    async def show(self, token: str) -> InspectedInvitation:
        """What the link is for, to whoever has it; nothing is used up. Raises `InvitationInvalid`.

        Who invites is named where they are of the company that it invites to: links get about, and nobody learns by
        one who the operator's people are.
        """
        invitation = await self.inspect(token)
        async with self._store.reading() as reader:
            company = invitation.company_id and await reader.find(COMPANY, invitation.company_id)
            inviter = company and invitation.created_by and await reader.find_person(invitation.created_by)
        return InspectedInvitation(
            role=invitation.role,
            company_id=invitation.company_id,
            company_name=company["name"] if company else None,
            email=invitation.email,
            invited_by=inviter.email if inviter and inviter.company_id == invitation.company_id else None,
            expires_at=invitation.expires_at,
        )

    async def accept(self, body: Acceptance, origin: SignInOrigin) -> OpenedSession:
        """The new person, signed in.

        An address that is taken counts as a failed sign-in, for this invitation and for the client's address: it
        slows down who tries out who has an account here. Raises `InvitationInvalid`; and `TooManySignIns`,
        `Unprocessable`, or `Conflict` where it is accepted by the OpenID provider alone, which use nothing up.
        """
        invitation = await self.inspect(body.token)
        if self._policy.requires_openid(invitation.company_id):
            raise Conflict("this invitation is accepted by signing in at the OpenID provider alone")
        if invitation.email not in (None, body.email):
            raise Unprocessable.field("email", "is not the address that the invitation is for")
        check_password(body.password, body.email)
        attempt = await self._throttle.begin(f"invitation {invitation.id}", origin.block)
        try:
            opened = await self._accepted(body, origin)
        except (Unavailable, InvitationInvalid):
            await self._throttle.release(attempt)
            raise
        await self._throttle.succeeded(attempt)
        return opened

    async def _accepted(self, body: Acceptance, origin: SignInOrigin) -> OpenedSession:
        async with self._store.reading() as reader:
            await _require_free(reader, body.email)
        password_hash = await self._passwords.hashed(body.password)
        async with self._store.writing(by=None) as writer:
            person = await self.create(writer, body.token, body.email, password_hash)
            return await self._opening.open(writer, person, origin, person.created_at)

    async def create(self, writer: PeopleWriter, token: str, email: str, password_hash: str) -> Person:
        """The new person. Raises `InvitationInvalid` and `Unprocessable`."""
        invitation = await self._open(writer, token)  # another one may have been quicker
        if invitation.email not in (None, email):
            raise Unprocessable.field("email", "is not the address that the invitation is for")
        await _require_free(writer, email)
        now = now_of(self._clock)
        person = Person(
            id=uuid7(),
            email=email,
            password_hash=password_hash,
            role=invitation.role,
            company_id=invitation.company_id,
            status="active",
            created_at=now,
            updated_at=now,
        )
        await writer.insert_person(person)
        await writer.close_invitation(invitation.id, "accepted")
        actor, company_id = f"person:{person.id}", person.company_id
        accepted = {"person": str(person.id)}
        await record(writer, actor, "invitation.accepted", invitation.id, company_id, now, accepted)
        await record(writer, actor, "person.created", person.id, company_id, now, {"role": person.role})
        return person

    async def unusable_password(self) -> str:
        """The hash of a password that nobody knows: for who signs in by the OpenID provider."""
        return await self._passwords.hashed(secrets.token_urlsafe(32))

    async def _open(self, reader: PeopleReader, token: str) -> Invitation:
        invitation = await reader.find_invitation_by_digest(opaque.digest(token))
        if invitation is None:
            raise InvitationInvalid("unknown")
        if (status := invitation.status_at(now_of(self._clock))) != "open":
            raise InvitationInvalid(status)
        if invitation.company_id is not None:
            company = await reader.find(COMPANY, invitation.company_id)
            if company is None or company["status"] != "active":
                raise InvitationInvalid("company_inactive")
        return invitation


async def _require_free(reader: PeopleReader, email: str) -> None:
    person = await reader.find_person_by_email(email)
    if person is not None and person.status != "revoked":
        raise Unprocessable.field("email", "is taken")
