"""`/admin/v1/sessions/openid`: signing in by an OpenID provider."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.catalog.paging import parse_query
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.people.sessions import PATH as SESSIONS
from services.key_registry.http.people.sessions import begun_session, created_session, origin_of
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.people.factors.schemas import PendingSession
from services.key_registry.people.openid.authorization_flow import AuthorizationResponse
from services.key_registry.people.openid.schemas import (
    BegunOpenIdResponse,
    FreshSignInResponse,
    OpenIdBegin,
    OpenIdFinish,
    SignInMethods,
)
from services.key_registry.people.openid.sign_in import OpenIdSignIn
from services.key_registry.people.reauthentication.openid import OpenIdReauthentication
from services.key_registry.people.responses import CreatedSession
from services.key_registry.people.sessions.pending import BegunSignIn
from shared.audit.ports import RefusalAudit
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

OPENID = """\
OpenID Connect Core 1.0: the code flow with PKCE, for people who exist, or are invited, with the e-mail address that
the provider has verified. It takes the place of the password: where a second factor is on, its code is needed too.
"""
CONFIRMATIONS = f"{BASE}/me/openid-confirmations"
CONFIRMATION = """\
For who has joined by the provider and has no password here. The provider asks again who it is (`prompt=login`,
`max_age=0`), and its `auth_time` must be no more than ten seconds before it was asked. What this gives takes the
place of the password, once, for five minutes, in this session: in `confirmation` of `/me/second-factor`,
`/me/passkeys` and `/me/password`.
"""


class OpenIdEndpoints:
    def __init__(
        self,
        sign_in: OpenIdSignIn,
        reauthentication: OpenIdReauthentication,
        methods: SignInMethods,
        authentication: Authentication,
        audit: RefusalAudit,
        addresses: ClientAddresses,
    ) -> None:
        self._reauthentication = reauthentication
        self._authentication = authentication
        self._sign_in = sign_in
        self._methods = methods
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def methods(self, request: web.Request) -> web.Response:
        parse_query(list(request.query.items()), {})
        return json_response(self._methods.model_dump(mode="json"), headers=NO_STORE)

    async def begin(self, request: web.Request) -> web.Response:
        """201 with where the browser is to go, and what it is to keep."""
        body = await bodies.model(request, OpenIdBegin)
        begun = BegunOpenIdResponse.model_validate(await self._sign_in.begin(body.invitation))
        return json_response(begun.model_dump(mode="json"), status=201, headers=NO_STORE)

    async def finish(self, request: web.Request) -> web.Response:
        """201 with the session; 202 where a second factor is on."""
        response = await _response_of(request)
        with self._refusals.counted(request):
            opened = await self._sign_in.finish(response, origin_of(request, self._addresses))
        return begun_session(opened) if isinstance(opened, BegunSignIn) else created_session(opened)

    async def begin_reauthentication(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        begun = BegunOpenIdResponse.model_validate(await self._reauthentication.begin(admin))
        return json_response(begun.model_dump(mode="json"), status=201, headers=NO_STORE)

    async def finish_reauthentication(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        response = await _response_of(request)
        with self._refusals.counted(request):
            block = origin_of(request, self._addresses).block
            fresh = await self._reauthentication.finish(admin, response, block)
        shown = FreshSignInResponse.model_validate(fresh).model_dump(mode="json")
        return json_response(shown, status=201, headers=NO_STORE)


async def _response_of(request: web.Request) -> AuthorizationResponse:
    body = await bodies.model(request, OpenIdFinish)
    return AuthorizationResponse(body.token, body.state, body.code, body.issuer)


def openid_endpoints(handlers: OpenIdEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [*_reauthentication(handlers, admin), *_sign_in(handlers, admin)]


def _reauthentication(handlers: OpenIdEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint = partial(admin, tag="people", description=CONFIRMATION)
    return [
        endpoint(
            "POST",
            CONFIRMATIONS,
            handlers.begin_reauthentication,
            "Begin a fresh sign-in at the OpenID provider",
            responses={
                201: Response("Where the browser is to go", BegunOpenIdResponse),
                **problems(401, 403, 409, 503),
            },
        ),
        endpoint(
            "POST",
            f"{CONFIRMATIONS}/finish",
            handlers.finish_reauthentication,
            "Finish a fresh sign-in at the OpenID provider",
            body=OpenIdFinish,
            responses={
                201: Response("What takes the place of the password", FreshSignInResponse),
                **problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
            },
        ),
    ]


def _sign_in(handlers: OpenIdEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    stranger = partial(admin, tag="sessions", security="", description=OPENID)
    return [
        stranger(
            "GET",
            f"{SESSIONS}/methods",
            handlers.methods,
            "Show how people sign in here",
            responses={200: Response("Beside passwords and passkeys", SignInMethods), **problems(422, 503)},
        ),
        stranger(
            "POST",
            f"{SESSIONS}/openid",
            handlers.begin,
            "Begin to sign in by the OpenID provider",
            body=OpenIdBegin,
            responses={
                201: Response("Where the browser is to go", BegunOpenIdResponse),
                **problems(400, 404, 409, 413, 415, 422, 503),
            },
        ),
        stranger(
            "POST",
            f"{SESSIONS}/openid/finish",
            handlers.finish,
            "Finish signing in by the OpenID provider",
            body=OpenIdFinish,
            responses={
                201: Response("A session; its token is shown this once", CreatedSession),
                202: Response("A second factor is on: `/sessions/second-factor` takes the code", PendingSession),
                **problems(400, 401, 404, 409, 413, 415, 422, 429, 503),
            },
        ),
    ]
