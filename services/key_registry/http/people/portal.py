"""`/admin/v1/companies/{id}/portal-sessions`, and following the links that it gives."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.access.visibility import Reference
from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import parse_page
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import idempotent_request, reference_of
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.people.sessions import origin_of
from services.key_registry.http.schemas import BASE, IDEMPOTENCY_KEY, PAGING, page_model, problems
from services.key_registry.people.portal.schemas import (
    CreatedPortalSession,
    InspectedPortalSession,
    NewPortalSession,
    OpenedPortalSession,
    PortalLink,
    PortalSessionResponse,
)
from services.key_registry.people.portal.sessions import PortalSessions
from shared.audit.ports import RefusalAudit
from shared.errors import NotFound
from shared.http.body import validated
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

SESSIONS = f"{BASE}/companies/{{id}}/portal-sessions"
LINKS = f"{BASE}/portal-sessions"
PORTAL = """\
For your own backend, whose user has signed in with you already: create one, and send the browser to its link. The
link works once and for minutes. Whoever follows it sees this company alone, with this role, for some hours, and has
no password here. A role above the caller's own is refused, and so are callers that are bound to a company.
"""


class PortalEndpoints:
    def __init__(
        self,
        sessions: PortalSessions,
        authentication: Authentication,
        audit: RefusalAudit,
        addresses: ClientAddresses,
    ) -> None:
        self._sessions = sessions
        self._authentication = authentication
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def create(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the link."""
        caller = await self._authentication.caller(request)
        self._sessions.permit(caller.admin, Operation.CREATE)
        company = _company(request)
        members = await bodies.members(request)
        body = validated(NewPortalSession, members)
        idempotent = idempotent_request(request, caller, f"portal-sessions {company}", members)
        created = await self._sessions.create(caller.admin, company, body, idempotent)
        return json_response(created, status=201, headers=NO_STORE)

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), {})
        items, cursor = await self._sessions.page(caller.admin, _company(request), requested)
        return json_response({"items": list(items), "next_cursor": cursor}, headers=NO_STORE)

    async def end(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        try:
            id_ = parse_id(request.match_info["session"])
        except ValueError:
            raise NotFound("there is no such portal session") from None
        await self._sessions.end(caller.admin, _company(request), id_)
        return web.Response(status=204, headers=NO_STORE)

    async def inspect(self, request: web.Request) -> web.Response:
        body = await bodies.model(request, PortalLink)
        with self._refusals.counted(request):
            session, company_name = await self._sessions.inspect(body.token)
        shown = InspectedPortalSession(
            company_name=company_name, role=session.role, name=session.name, expires_at=session.expires_at
        )
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)

    async def open(self, request: web.Request) -> web.Response:
        """201 with the token of the session, which is shown this once."""
        body = await bodies.model(request, PortalLink)
        with self._refusals.counted(request):
            opened = await self._sessions.open(body.token, origin_of(request, self._addresses))
        session = opened.session
        members = {name: getattr(session, name, None) for name in OpenedPortalSession.model_fields}
        members |= {"token": opened.token, "created_at": session.opened_at}
        shown = OpenedPortalSession.model_validate(members)
        return json_response(shown.model_dump(mode="json"), status=201, headers=NO_STORE)


def _company(request: web.Request) -> Reference:
    return reference_of(COMPANY, request)


def portal_endpoints(handlers: PortalEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [*_administration(handlers, admin), *_links(handlers, admin)]


def _administration(handlers: PortalEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint = partial(admin, tag="portal-sessions")
    return [
        endpoint(
            "POST",
            SESSIONS,
            handlers.create,
            "Open a portal session for somebody of a company",
            description=PORTAL,
            body=NewPortalSession,
            parameters=(IDEMPOTENCY_KEY,),
            responses={
                201: Response("The session with its link, which is shown this once", CreatedPortalSession),
                **problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
            },
        ),
        endpoint(
            "GET",
            SESSIONS,
            handlers.page,
            "List the portal sessions of a company, the newest first",
            parameters=PAGING,
            responses={
                200: Response("One page", page_model(PortalSessionResponse)),
                **problems(401, 403, 404, 422, 503),
            },
        ),
        endpoint(
            "DELETE",
            f"{SESSIONS}/{{session}}",
            handlers.end,
            "End a portal session, or its link",
            responses={204: Response("Ended"), **problems(401, 403, 404, 503)},
        ),
    ]


def _links(handlers: PortalEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    stranger = partial(admin, tag="portal-sessions", security="")
    return [
        stranger(
            "POST",
            f"{LINKS}/inspect",
            handlers.inspect,
            "Show where a link leads, to who has its token",
            body=PortalLink,
            responses={
                200: Response("Where it leads", InspectedPortalSession),
                **problems(400, 404, 413, 415, 422, 503),
            },
        ),
        stranger(
            "POST",
            f"{LINKS}/open",
            handlers.open,
            "Follow a link, once",
            body=PortalLink,
            responses={
                201: Response("A session; its token is shown this once", OpenedPortalSession),
                **problems(400, 404, 413, 415, 422, 503),
            },
        ),
    ]
