"""What verifiers and clients read to find their way: the key set and the metadata."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from services.token_issuer.signing_keys.ring import KeyRing
from shared.http.responses import json_response

JWKS_CACHED = {"Cache-Control": "public, max-age=10"}
"""Far less than the time for which a new key is published before it signs."""
METADATA_CACHED = {"Cache-Control": "public, max-age=300"}


class Discovery:
    def __init__(self, ring: KeyRing, metadata: Mapping[str, Any]) -> None:
        self._ring = ring
        self._metadata = metadata

    async def jwks(self, _: web.Request) -> web.Response:
        """GET /.well-known/jwks.json"""
        return json_response(self._ring.jwks(), headers=JWKS_CACHED)

    async def metadata(self, _: web.Request) -> web.Response:
        """GET /.well-known/oauth-authorization-server"""
        return json_response(self._metadata, headers=METADATA_CACHED)
