"""Token revocation (RFC 7009)."""

from aiohttp import web

from services.token_issuer.http.client_and_token import ClientRequests
from services.token_issuer.http.responses import NEVER_CACHED
from services.token_issuer.metadata import REVOCATION_PATH
from services.token_issuer.tokens.revocation import TokenRevoker


class RevocationEndpoint:
    def __init__(self, requests: ClientRequests, revoker: TokenRevoker) -> None:
        self._requests = requests
        self._revoker = revoker

    async def post(self, request: web.Request) -> web.Response:
        """POST /oauth2/revoke: 200 also for a token that is unknown, dead, or not the client's."""
        async with self._requests.of(request, endpoint=REVOCATION_PATH) as (client, token):
            await self._revoker.revoke(token, client)
        return web.Response(headers=NEVER_CACHED)
