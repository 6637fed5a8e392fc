"""Introspection (RFC 7662) and revocation (RFC 7009): for clients that prove who they are."""

from aiohttp import web

from services.token_issuer.clients.authentication import ClientAuthenticator, presented
from services.token_issuer.clients.client import Client
from services.token_issuer.http.parameters import authorization, parameters
from services.token_issuer.http.responses import NEVER_CACHED, success
from services.token_issuer.metadata import INTROSPECTION_PATH, REVOCATION_PATH
from services.token_issuer.oauth_errors import InvalidClient, InvalidRequest
from services.token_issuer.refusals import Refusals
from services.token_issuer.tokens.introspection import Introspector
from services.token_issuer.tokens.revocation import TokenRevoker
from shared.http.client_address import ClientAddress


class TokenCare:
    """Both endpoints take the same request: a client, and one of the tokens."""

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        introspector: Introspector,
        revoker: TokenRevoker,
        addresses: ClientAddress,
        refusals: Refusals,
    ) -> None:
        self._authenticator = authenticator
        self._introspector = introspector
        self._revoker = revoker
        self._addresses = addresses
        self._refusals = refusals

    async def introspect(self, request: web.Request) -> web.Response:
        """POST /oauth2/introspect"""
        address = self._addresses.of(request)
        with self._refusals.told(endpoint=INTROSPECTION_PATH, address=address):
            client, token = await self._read(request, address)
            return success(self._introspector.introspect(token, client))

    async def revoke(self, request: web.Request) -> web.Response:
        """POST /oauth2/revoke: 200 also for a token that is unknown, dead, or not the client's."""
        address = self._addresses.of(request)
        with self._refusals.told(endpoint=REVOCATION_PATH, address=address):
            client, token = await self._read(request, address)
            await self._revoker.revoke(token, client)
        return web.Response(headers=NEVER_CACHED)

    async def _read(self, request: web.Request, address: str) -> tuple[Client, str]:
        given = await parameters(request)
        proof = presented(authorization(request), given)
        if proof is None:
            raise InvalidClient("client authentication is required")
        client = await self._authenticator.authenticate(proof, address=address)
        if "token" not in given:
            raise InvalidRequest("token is missing")
        return client, given["token"]
