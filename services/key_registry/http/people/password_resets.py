"""`/admin/v1/people/{id}/password-reset`, and following the link that it gives."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import idempotent_request
from services.key_registry.http.people.people import PATH as PEOPLE
from services.key_registry.http.people.people import person_of
from services.key_registry.http.people.refusals import UnrecordedRefusals
from services.key_registry.http.people.sessions import origin_of
from services.key_registry.http.schemas import BASE, IDEMPOTENCY_KEY, problems
from services.key_registry.people.password_resets.administration import PasswordResetAdministration
from services.key_registry.people.password_resets.following import PasswordResetFollowing
from services.key_registry.people.password_resets.schemas import (
    CreatedPasswordReset,
    InspectedPasswordReset,
    NewPasswordReset,
    PasswordByLink,
    PasswordResetToken,
)
from shared.audit.ports import RefusalAudit
from shared.http.body import validated
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

ONE = f"{PEOPLE}/{{id}}/password-reset"
LINKS = f"{BASE}/password-resets"
RESET = """\
For who has forgotten the password. Nothing is sent: give the link to the person, by a way that nobody else reads.
It works once, for hours; a new one ends that of before, and so does whatever stops its maker. Following it sets
another password, ends all sessions of the person, and signs nobody in: a second factor and passkeys stay as they
are. Nobody makes one for themselves, no portal session does, and there is none for who signs in at the OpenID
provider alone.
"""


class PasswordResetEndpoints:
    def __init__(
        self,
        links: PasswordResetAdministration,
        following: PasswordResetFollowing,
        authentication: Authentication,
        audit: RefusalAudit,
        addresses: ClientAddresses,
    ) -> None:
        self._links = links
        self._following = following
        self._authentication = authentication
        self._refusals = UnrecordedRefusals(audit, addresses)
        self._addresses = addresses

    async def create(self, request: web.Request) -> web.Response:
        """201 with the one response that contains the link."""
        caller = await self._authentication.caller(request)
        self._links.permit(caller.admin)
        person = person_of(request)
        members = await bodies.members(request) if request.can_read_body else {}
        body = validated(NewPasswordReset, members)
        idempotent = idempotent_request(request, caller, f"password-reset {person}", members)
        created = await self._links.create(caller.admin, person, body.expires_in, idempotent)
        return json_response(created, status=201, headers=NO_STORE)

    async def withdraw(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        await self._links.withdraw(caller.admin, person_of(request))
        return web.Response(status=204, headers=NO_STORE)

    async def inspect(self, request: web.Request) -> web.Response:
        body = await bodies.model(request, PasswordResetToken)
        with self._refusals.counted(request):
            reset, person = await self._following.inspect(body.token)
        shown = InspectedPasswordReset(email=person.email, expires_at=reset.expires_at)
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)

    async def follow(self, request: web.Request) -> web.Response:
        body = await bodies.model(request, PasswordByLink)
        with self._refusals.counted(request):
            origin = origin_of(request, self._addresses)
            await self._following.set_password(body.token, body.password, origin)
        return web.Response(status=204, headers=NO_STORE)


def password_reset_endpoints(handlers: PasswordResetEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint = partial(admin, tag="people", description=RESET)
    stranger = partial(endpoint, security="")
    return [
        endpoint(
            "POST",
            ONE,
            handlers.create,
            "Make a link that sets somebody's password",
            body=NewPasswordReset,
            parameters=(IDEMPOTENCY_KEY,),
            responses={
                201: Response("The link, which is shown this once", CreatedPasswordReset),
                **problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
            },
        ),
        endpoint(
            "DELETE",
            ONE,
            handlers.withdraw,
            "Withdraw the link that sets somebody's password",
            responses={204: Response("There is none"), **problems(401, 403, 404, 503)},
        ),
        stranger(
            "POST",
            f"{LINKS}/inspect",
            handlers.inspect,
            "Show whose password a link sets, to who has its token",
            body=PasswordResetToken,
            responses={
                200: Response("Whose it sets", InspectedPasswordReset),
                **problems(400, 404, 413, 415, 422, 503),
            },
        ),
        stranger(
            "POST",
            f"{LINKS}/follow",
            handlers.follow,
            "Set a password by a link, once",
            body=PasswordByLink,
            responses={
                204: Response("It is set; nobody is signed in by it"),
                **problems(400, 404, 413, 415, 422, 503),
            },
        ),
    ]
