"""`/admin/v1/{resource}/{id}/impact`: what a stop would stop."""

from functools import partial

from aiohttp import web

from services.key_registry.catalog.paging import parse_query
from services.key_registry.catalog.resources import RESOURCES, Resource
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.objects import reference_of
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.usage.impact import ImpactService
from services.key_registry.usage.responses import ImpactResponse
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

IMPACT = """\
What is alive of it, how much it was called and from how many addresses, when last, and what depends on it: read it
before you suspend or revoke. Of a booking and of an application it is that of all API tokens of it, and of all API
clients and key pairs that are granted something of its scopes, whichever of their scopes a call was for. Nothing is
changed.
"""


class ImpactEndpoint:
    def __init__(self, impact: ImpactService, authentication: Authentication) -> None:
        self._impact = impact
        self._authentication = authentication

    async def show(self, resource: Resource, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        parse_query(list(request.query.items()), {})
        shown = await self._impact.of(caller.admin, resource, reference_of(resource, request))
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)


def impact_endpoints(handlers: ImpactEndpoint, endpoint: partial[Endpoint]) -> list[Endpoint]:
    return [
        endpoint(
            "GET",
            f"{BASE}/{resource.path}/{{id}}/impact",
            partial(handlers.show, resource),
            f"Show what a stop of {resource.a_noun} would stop",
            tag=resource.path,
            description=IMPACT,
            responses={200: Response("The impact", ImpactResponse), **problems(401, 403, 404, 422, 503)},
        )
        for resource in RESOURCES.values()
    ]
