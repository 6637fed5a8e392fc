"""`/admin/v1/me`: who calls."""

from aiohttp import web

from services.key_registry.http.authentication import Authentication
from services.key_registry.paging import parse_query
from services.key_registry.people.responses import Me
from shared.http.responses import NO_STORE, json_response


class MeEndpoints:
    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication

    async def show(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        me = Me(
            kind="admin_token" if admin.session_id is None else "person",
            id=admin.id,
            name=admin.name,
            role=admin.role,
            company_id=admin.company_id,
        )
        return json_response(me.model_dump(mode="json"), headers=NO_STORE)
