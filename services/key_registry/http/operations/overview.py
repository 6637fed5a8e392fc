"""`/admin/v1/overview` and `/admin/v1/system`."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web

from services.key_registry.catalog.paging import parse_query
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.operations.overview import Overview
from services.key_registry.operations.responses import OverviewResponse, SystemResponse
from services.key_registry.operations.system import System
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

OVERVIEW = """\
Calls of the last day, what expires soon, stops that are not everywhere yet, and what to do next: what one looks at
first. It costs the same whatever there is. Whoever is bound to a company does not see it.
"""
SYSTEM = """\
What the platform runs on, as the registry that responds sees it. Whoever is bound to a company does not see it.
"""


class OverviewEndpoints:
    def __init__(self, overview: Overview, system: System, authentication: Authentication) -> None:
        self._overview = overview
        self._system = system
        self._authentication = authentication

    async def overview(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        shown = await self._overview.show(admin)
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)

    async def system(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        shown = await self._system.show(admin)
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)


def overview_endpoints(handlers: OverviewEndpoints, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    endpoint, refused = partial(admin, "GET", tag="operations"), problems(401, 403, 422, 503)
    return [
        endpoint(
            f"{BASE}/overview",
            handlers.overview,
            "Show what an operator looks at first",
            description=OVERVIEW,
            responses={200: Response("The overview", OverviewResponse), **refused},
        ),
        endpoint(
            f"{BASE}/system",
            handlers.system,
            "Show what the platform runs on",
            description=SYSTEM,
            responses={200: Response("The system", SystemResponse), **refused},
        ),
    ]
