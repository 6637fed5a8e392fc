"""`/admin/v1/me/passkeys`, and signing in with one."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import parse_query
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.people.proof import proof_of
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.people.sessions import PATH as SESSIONS
from services.key_registry.http.people.sessions import created_session, origin_of
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.people.account.own_passkeys import OwnPasskeys
from services.key_registry.people.passkeys.schemas import (
    NewPasskey,
    PasskeyList,
    PasskeyOptions,
    PasskeyResponse,
    PresentedPasskey,
)
from services.key_registry.people.passkeys.sign_in import PasskeySignIn
from services.key_registry.people.reauthentication.reauthentication import Proof
from services.key_registry.people.reauthentication.schemas import ReauthenticationProof
from services.key_registry.people.responses import CreatedSession
from shared.audit.ports import RefusalAudit
from shared.errors import NotFound
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

PATH = f"{BASE}/me/passkeys"
PASSKEYS = """\
Passkeys (Web Authentication) of the caller, whom the authenticator knows: each is enough to sign in. The relying
party is the console at `PASSGATE_CONSOLE_URL`. Options are for five minutes and one response; those for a new
passkey, and removing one, need the password or a fresh sign-in at the OpenID provider (`confirmation`), and a code
where a second factor is on.
"""


class PasskeyEndpoints:
    def __init__(
        self,
        own: OwnPasskeys,
        sign_in: PasskeySignIn,
        authentication: Authentication,
        audit: RefusalAudit,
        addresses: ClientAddresses,
    ) -> None:
        self._own = own
        self._sign_in = sign_in
        self._authentication = authentication
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def page(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        items = [PasskeyResponse.model_validate(passkey) for passkey in await self._own.list(admin)]
        shown = PasskeyList(origin=self._own.origin, items=items)
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)

    async def creation_options(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        options = await self._own.creation_options(admin, await self._proof(request))
        return json_response({"options": options}, status=201, headers=NO_STORE)

    async def add(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        body = await bodies.model(request, NewPasskey)
        passkey = await self._own.add(admin, body.name, body.credential)
        shown = PasskeyResponse.model_validate(passkey).model_dump(mode="json")
        return json_response(shown, status=201, headers=NO_STORE)

    async def remove(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        try:
            id_ = parse_id(request.match_info["id"])
        except ValueError:
            raise NotFound("there is no such passkey") from None
        await self._own.remove(admin, id_, await self._proof(request))
        return web.Response(status=204, headers=NO_STORE)

    async def _proof(self, request: web.Request) -> Proof:
        body = await bodies.model(request, ReauthenticationProof)
        return proof_of(body, request, self._addresses)

    async def request_options(self, _: web.Request) -> web.Response:
        return json_response({"options": self._sign_in.options()}, status=201, headers=NO_STORE)

    async def sign_in(self, request: web.Request) -> web.Response:
        """201 with a session of whoever has the passkey."""
        body = await bodies.model(request, PresentedPasskey)
        with self._refusals.counted(request):
            opened = await self._sign_in.sign_in(body.credential, origin_of(request, self._addresses))
        return created_session(opened)


def passkey_endpoints(handlers: PasskeyEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [*_own(handlers, admin), *_sign_in(handlers, admin)]


def _own(handlers: PasskeyEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint = partial(admin, tag="people", description=PASSKEYS)
    return [
        endpoint(
            "GET",
            PATH,
            handlers.page,
            "List one's own passkeys",
            responses={200: Response("All of them", PasskeyList), **problems(401, 403, 422, 503)},
        ),
        endpoint(
            "POST",
            f"{PATH}/options",
            handlers.creation_options,
            "Begin with a new passkey",
            body=ReauthenticationProof,
            responses={
                201: Response("What the browser needs to create it", PasskeyOptions),
                **problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
            },
        ),
        endpoint(
            "POST",
            PATH,
            handlers.add,
            "Add a passkey",
            body=NewPasskey,
            responses={
                201: Response("The passkey", PasskeyResponse),
                **problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
            },
        ),
        endpoint(
            "POST",
            f"{PATH}/{{id}}/remove",
            handlers.remove,
            "Remove a passkey",
            body=ReauthenticationProof,
            responses={
                204: Response("Removed"),
                **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
            },
        ),
    ]


def _sign_in(handlers: PasskeyEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    stranger = partial(admin, tag="sessions", security="", description=PASSKEYS)
    return [
        stranger(
            "POST",
            f"{SESSIONS}/passkey-options",
            handlers.request_options,
            "Begin to sign in with a passkey",
            responses={201: Response("What the browser needs", PasskeyOptions), **problems(409, 503)},
        ),
        stranger(
            "POST",
            f"{SESSIONS}/passkey",
            handlers.sign_in,
            "Sign in with a passkey",
            body=PresentedPasskey,
            responses={
                201: Response("A session; its token is shown this once", CreatedSession),
                **problems(400, 401, 409, 413, 415, 422, 503),
            },
        ),
    ]
