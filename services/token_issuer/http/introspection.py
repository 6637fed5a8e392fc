"""Introspection (RFC 7662)."""

from aiohttp import web

from services.token_issuer.http.client_and_token import ClientRequests
from services.token_issuer.http.responses import success
from services.token_issuer.metadata import INTROSPECTION_PATH
from services.token_issuer.tokens.introspection import Introspector


class IntrospectionEndpoint:
    def __init__(self, requests: ClientRequests, introspector: Introspector) -> None:
        self._requests = requests
        self._introspector = introspector

    async def post(self, request: web.Request) -> web.Response:
        """POST /oauth2/introspect"""
        async with self._requests.of(request, endpoint=INTROSPECTION_PATH) as (client, token):
            return success(self._introspector.introspect(token, client))
