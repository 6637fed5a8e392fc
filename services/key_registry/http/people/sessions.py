"""`/admin/v1/sessions`: signing in and out."""

from aiohttp import web

from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import parse_query
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.schemas import BASE
from services.key_registry.people.account.own_sessions import OwnSessions
from services.key_registry.people.factors.schemas import PendingSession
from services.key_registry.people.requests import SignIn
from services.key_registry.people.responses import CreatedSession, SessionList, SessionResponse, SignedInPerson
from services.key_registry.people.sessions.opening import OpenedSession, SignInOrigin
from services.key_registry.people.sessions.password_sign_in import PasswordSignIn
from services.key_registry.people.sessions.pending import BegunSignIn
from shared.addresses.block import address_block
from shared.audit.ports import RefusalAudit
from shared.errors import NotFound
from shared.http.client_address import ClientAddresses
from shared.http.responses import NO_STORE, json_response

PATH = f"{BASE}/sessions"


class SessionEndpoints:
    def __init__(
        self,
        sign_in: PasswordSignIn,
        own: OwnSessions,
        authentication: Authentication,
        audit: RefusalAudit,
        addresses: ClientAddresses,
    ) -> None:
        self._sign_in = sign_in
        self._own = own
        self._authentication = authentication
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def create(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the token; 202 where a second factor is on."""
        body = await bodies.model(request, SignIn)
        with self._refusals.counted(request):
            opened = await self._sign_in.sign_in(body.email, body.password, origin_of(request, self._addresses))
        if isinstance(opened, BegunSignIn):
            return begun_session(opened)
        return created_session(opened)

    async def page(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        items = [
            SessionResponse(
                id=session.id,
                created_at=session.created_at,
                last_used_at=session.last_used_at,
                expires_at=session.expires_at,
                address=session.address,
                user_agent=session.user_agent,
                current=session.id == admin.session_id,
            )
            for session in await self._own.list(admin)
        ]
        return json_response(SessionList(items=items).model_dump(mode="json"), headers=NO_STORE)

    async def delete(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        text = request.match_info["id"]
        try:
            id_ = None if text == "current" else parse_id(text)
        except ValueError:
            raise NotFound("there is no such session") from None
        await self._own.sign_out(admin, id_)
        return web.Response(status=204, headers=NO_STORE)


def origin_of(request: web.Request, addresses: ClientAddresses) -> SignInOrigin:
    address = addresses.of(request)
    return SignInOrigin(address, address_block(address), request.headers.get("User-Agent", ""))


def created_session(opened: OpenedSession) -> web.Response:
    """201 with the token, which is shown this once."""
    session = opened.session
    shown = CreatedSession(
        id=session.id,
        token=opened.token,
        created_at=session.created_at,
        expires_at=session.expires_at,
        person=SignedInPerson.model_validate(opened.person),
    )
    return json_response(shown.model_dump(mode="json"), status=201, headers=NO_STORE)


def begun_session(begun: BegunSignIn) -> web.Response:
    """202 with the token of a sign-in that waits for a second factor."""
    pending = PendingSession(pending_token=begun.token, expires_at=begun.expires_at)
    return json_response(pending.model_dump(mode="json"), status=202, headers=NO_STORE)
