"""`/admin/v1/invitations`: links with which somebody becomes a person here."""

from typing import Any
from uuid import UUID

from aiohttp import web

from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import parse_page, text
from services.key_registry.catalog.permissions import Operation
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import idempotent_request
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.people.sessions import created_session, origin_of
from services.key_registry.http.schemas import BASE
from services.key_registry.people.invitations.acceptance import InvitationAcceptance
from services.key_registry.people.invitations.administration import Invitations
from services.key_registry.people.requests import Acceptance, InvitationToken, NewInvitation
from shared.audit.ports import RefusalAudit
from shared.errors import NotFound
from shared.http.body import validated
from shared.http.client_address import ClientAddresses
from shared.http.responses import NO_STORE, json_response

PATH = f"{BASE}/invitations"


class InvitationEndpoints:
    def __init__(self, invitations: Invitations, authentication: Authentication) -> None:
        self._invitations = invitations
        self._authentication = authentication

    async def create(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the token."""
        caller = await self._authentication.caller(request)
        self._invitations.permit(caller.admin, Operation.CREATE)
        members = await bodies.members(request)
        body = validated(NewInvitation, members)
        idempotent = idempotent_request(request, caller, "invitations", members)
        created = await self._invitations.create(caller.admin, body, idempotent)
        headers = {**NO_STORE, "Location": f"{PATH}/{created['id']}"}
        return json_response(created, status=201, headers=headers)

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), {"company_id": text})
        company = requested.filters.get("company_id")
        items, cursor = await self._invitations.page(caller.admin, company, requested)
        return _response({"items": list(items), "next_cursor": cursor})

    async def show(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        return _response(await self._invitations.show(caller.admin, _id(request)))

    async def revoke(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        return _response(await self._invitations.revoke(caller.admin, _id(request)))


class AcceptanceEndpoints:
    """For those who hold an invitation's token, which is all that they need."""

    def __init__(self, acceptance: InvitationAcceptance, audit: RefusalAudit, addresses: ClientAddresses) -> None:
        self._acceptance = acceptance
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def inspect(self, request: web.Request) -> web.Response:
        body = await bodies.model(request, InvitationToken)
        with self._refusals.counted(request):
            invitation = await self._acceptance.show(body.token)
        return _response(invitation.model_dump(mode="json"))

    async def accept(self, request: web.Request) -> web.Response:
        """201 with a session of the new person."""
        body = await bodies.model(request, Acceptance)
        with self._refusals.counted(request):
            opened = await self._acceptance.accept(body, origin_of(request, self._addresses))
        return created_session(opened)


def _response(value: Any) -> web.Response:
    return json_response(value, headers=NO_STORE)


def _id(request: web.Request) -> UUID:
    try:
        return parse_id(request.match_info["id"])
    except ValueError:
        raise NotFound("there is no such invitation") from None
