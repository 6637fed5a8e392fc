"""Who may invite whom, and take it back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object
from services.key_registry.access.visibility import bound_company, company_id_listed
from services.key_registry.catalog.field_types import now_of
from services.key_registry.catalog.paging import PageRequest, cursor_of_id, page_of
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.people.audit import record
from services.key_registry.people.invitations.ports import Invitation
from services.key_registry.people.links import ConsolePage
from services.key_registry.people.ports import PeopleStore
from services.key_registry.people.requests import NewInvitation
from services.key_registry.people.responses import InvitationResponse
from services.key_registry.recording.idempotency import IdempotentRequest
from shared import opaque
from shared.clock import Clock
from shared.errors import Conflict, NotFound

KIND = "invitation"
PATH = "/invitations"
"""Of the console's page that makes the account."""


class Invitations:
    """Each method raises `Forbidden` when the role does not reach, `NotFound` for what is another company's."""

    def __init__(self, store: PeopleStore, access: AccessControl, clock: Clock, *, console_url: str | None) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._page = ConsolePage(console_url, PATH)

    def permit(self, admin: Admin, operation: Operation) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, operation, KIND)

    async def create(self, admin: Admin, body: NewInvitation, request: IdempotentRequest | None = None) -> Object:
        """The invitation with its link, which is shown this once or for the same request again.

        Raises `Unprocessable` for a company that does not exist or is revoked.
        """
        self.permit(admin, Operation.CREATE)
        token = opaque.mint(opaque.INVITATION)
        async with self._store.writing(by=admin) as writer:
            now = now_of(self._clock)
            if request is not None and (shown := await request.recall(writer, now.timestamp())):
                return shown
            invitation = Invitation(
                id=uuid7(),
                digest=opaque.digest(token),
                role=body.role,
                company_id=await bound_company(writer, admin, body.company_id),
                email=body.email,
                status="open",
                created_at=now,
                expires_at=now + timedelta(seconds=body.expires_in),
                # A portal session ends with each sign-out: what it has sent goes on.
                created_by=None if admin.kind == "portal_session" else admin.id,
            )
            await writer.insert_invitation(invitation)
            detail = {"role": invitation.role}
            await record(
                writer, admin.actor, "invitation.created", invitation.id, invitation.company_id, now, detail
            )
            shown = {**self._shown(invitation, now), **self._page.shown(token)}
            if request is not None:
                await request.remember(writer, shown, now.timestamp())
        return shown

    async def show(self, admin: Admin, id_: UUID) -> Object:
        self.permit(admin, Operation.READ)
        async with self._store.reading() as reader:
            return self._shown(_own(admin, await reader.find_invitation(id_)), now_of(self._clock))

    async def page(
        self, admin: Admin, company: str | None, page: PageRequest
    ) -> tuple[Sequence[Object], str | None]:
        """The newest first."""
        self.permit(admin, Operation.READ)
        async with self._store.reading() as reader:
            which = await company_id_listed(reader, admin, company)
            before = None if page.cursor is None else UUID(bytes=page.cursor)
            found = await reader.newest_invitations(which, before, page.limit + 1)
        found, cursor = page_of(found, page.limit, lambda invitation: cursor_of_id(invitation.id))
        return [self._shown(invitation, now_of(self._clock)) for invitation in found], cursor

    async def revoke(self, admin: Admin, id_: UUID) -> Object:
        """Again changes nothing. Raises `Conflict` for one that was accepted."""
        self.permit(admin, Operation.REVOKE)
        async with self._store.writing(by=admin) as writer:
            invitation, now = _own(admin, await writer.find_invitation(id_)), now_of(self._clock)
            if invitation.status == "accepted":
                raise Conflict("it was accepted: revoke the person instead")
            if invitation.status == "open":
                await writer.close_invitation(id_, "revoked")
                await record(writer, admin.actor, "invitation.revoked", id_, invitation.company_id, now)
                invitation = replace(invitation, status="revoked")
            return self._shown(invitation, now)

    def _shown(self, invitation: Invitation, now: datetime) -> dict[str, Any]:
        shown = InvitationResponse.model_construct(
            id=invitation.id,
            role=invitation.role,
            company_id=invitation.company_id,
            email=invitation.email,
            status=invitation.status_at(now),
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
        return shown.model_dump(mode="json")


def _own(admin: Admin, invitation: Invitation | None) -> Invitation:
    if invitation is None or not admin.sees(invitation.company_id):
        raise NotFound("there is no such invitation")
    return invitation
