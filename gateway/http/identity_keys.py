"""The keys that upstreams verify identity tokens with."""

from typing import TYPE_CHECKING

from aiohttp import web

from shared.http.responses import json_response

IDENTITY_KEYS_PATH = "/.well-known/jwks.json"
CACHED = {"Cache-Control": "public, max-age=10"}

if TYPE_CHECKING:  # a supervisor has no keys
    from gateway.identity_tokens.keys import IdentityKeys


class IdentityKeyEndpoint:
    def __init__(self, keys: "IdentityKeys") -> None:
        self._keys = keys

    async def jwks(self, _: web.Request) -> web.Response:
        """GET /.well-known/jwks.json"""
        return json_response(self._keys.jwks(), headers=CACHED)
