"""`POST /admin/v1/search`: all kinds of objects at once."""

from functools import partial

from aiohttp import web

from services.key_registry.admin.search.messages import NewSearch, SearchResponse
from services.key_registry.admin.search.search import Search
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, problems
from shared.http.body import json_model
from shared.http.endpoints import Endpoint, Response
from shared.http.responses import NO_STORE, json_response

MAX_BODY_BYTES = 4096
SEARCH = """\
Finds companies, applications, bookings and credentials by what is at hand: a whole secret (only its digest is
compared; nothing is logged of it), an id, or words. Whoever is bound to a company finds its own alone.
"""


class SearchEndpoint:
    def __init__(self, search: Search, authentication: Authentication) -> None:
        self._search = search
        self._authentication = authentication

    async def post(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        wanted = await json_model(request, NewSearch, limit=MAX_BODY_BYTES)
        found = SearchResponse(items=await self._search.find(admin, wanted.text))
        return json_response(found.model_dump(mode="json"), headers=NO_STORE)


def search_endpoint(handlers: SearchEndpoint, endpoint: partial[Endpoint]) -> Endpoint:
    return endpoint(
        "POST",
        f"{BASE}/search",
        handlers.post,
        "Find objects of every kind",
        tag="search",
        description=SEARCH,
        body=NewSearch,
        responses={
            200: Response("What was found", SearchResponse),
            **problems(400, 401, 403, 413, 415, 422, 503),
        },
    )
