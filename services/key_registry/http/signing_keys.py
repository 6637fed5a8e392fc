"""`GET /admin/v1/signing-keys`."""

from aiohttp import web

from services.key_registry.catalog.paging import parse_query
from services.key_registry.http.authentication import Authentication
from services.key_registry.operations.signing_keys.keys import SigningKeys
from shared.http.responses import NO_STORE, json_response


class SigningKeyEndpoint:
    def __init__(self, signing_keys: SigningKeys, authentication: Authentication) -> None:
        self._signing_keys = signing_keys
        self._authentication = authentication

    async def show(self, request: web.Request) -> web.Response:
        admin = (await self._authentication.caller(request)).admin
        parse_query(list(request.query.items()), {})
        shown = await self._signing_keys.show(admin)
        return json_response(shown.model_dump(mode="json"), headers=NO_STORE)
