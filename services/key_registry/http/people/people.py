"""`/admin/v1/people`: who there is, with which role."""

from uuid import UUID

from aiohttp import web

from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.paging import parse_page, text
from services.key_registry.catalog.permissions import Operation
from services.key_registry.http import bodies
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import PATCH_TYPES
from services.key_registry.http.schemas import BASE
from services.key_registry.people.administration import PeopleAdministration
from services.key_registry.people.emails import parse_email
from services.key_registry.people.requests import PersonPatch
from shared.errors import NotFound
from shared.http.responses import NO_STORE, json_response

PATH = f"{BASE}/people"


class PeopleEndpoints:
    def __init__(self, people: PeopleAdministration, authentication: Authentication) -> None:
        self._people = people
        self._authentication = authentication

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), {"company_id": text})
        company = requested.filters.get("company_id")
        items, cursor = await self._people.page(caller.admin, company, requested)
        return json_response({"items": list(items), "next_cursor": cursor}, headers=NO_STORE)

    async def show(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        return json_response(await self._people.show(caller.admin, person_of(request)), headers=NO_STORE)

    async def change(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        self._people.permit(caller.admin, Operation.CHANGE)
        reference = person_of(request)
        patch = await bodies.model(request, PersonPatch, *PATCH_TYPES)
        changed = await self._people.change_role(caller.admin, reference, patch.role)
        return json_response(changed, headers=NO_STORE)

    async def set_status(self, operation: Operation, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        changed = await self._people.set_status(caller.admin, operation, person_of(request))
        return json_response(changed, headers=NO_STORE)

    async def reset_second_factor(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        changed = await self._people.reset_second_factor(caller.admin, person_of(request))
        return json_response(changed, headers=NO_STORE)


def person_of(request: web.Request) -> UUID | str:
    """By id or e-mail address. Raises `NotFound` for what can be neither."""
    given = request.match_info["id"]
    try:
        return parse_email(given) if "@" in given else parse_id(given)
    except ValueError:
        raise NotFound("there is no such person") from None
