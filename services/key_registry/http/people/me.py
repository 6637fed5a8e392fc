"""`/admin/v1/me`: who calls, and their password."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.catalog.paging import parse_query
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.people.proof import proof_of
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.people.account.own_password import OwnPassword
from services.key_registry.people.reauthentication.schemas import PasswordChange
from services.key_registry.people.responses import Me
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

PASSWORD = """\
All other sessions of the person end. The present password is needed, or a fresh sign-in at the OpenID provider in
its place, and a code where a second factor is on. What is wrong counts as a failed sign-in. Who has to sign in by
the provider gets 409 and no password.
"""


class MeEndpoints:
    def __init__(self, passwords: OwnPassword, authentication: Authentication, addresses: ClientAddresses) -> None:
        self._passwords = passwords
        self._authentication = authentication
        self._addresses = addresses

    async def show(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        me = Me(
            kind=admin.kind,
            id=admin.id,
            name=admin.name,
            role=admin.role,
            company_id=admin.company_id,
        )
        return json_response(me.model_dump(mode="json"), headers=NO_STORE)

    async def change_password(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        body = await bodies.model(request, PasswordChange)
        await self._passwords.change(admin, body.new, proof_of(body, request, self._addresses))
        return web.Response(status=204, headers=NO_STORE)


def me_endpoints(handlers: MeEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    return [
        admin(
            "POST",
            f"{BASE}/me/password",
            handlers.change_password,
            "Change one's own password",
            tag="people",
            description=PASSWORD,
            body=PasswordChange,
            responses={204: Response("Changed"), **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)},
        ),
        admin(
            "GET",
            f"{BASE}/me",
            handlers.show,
            "Show who calls",
            tag="people",
            responses={200: Response("The person, admin token or portal session", Me), **problems(401, 422, 503)},
        ),
    ]
