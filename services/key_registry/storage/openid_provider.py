"""The documents and the token endpoint of an OpenID provider, within bounds that no provider can move."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from services.key_registry.people.openid.ports import ProviderAway
from shared.errors import Unavailable

CALL_TIMEOUT_S = 5.0
"""Seconds for a whole call, from the look-up of the name to the last byte."""
MAX_RESPONSE_BYTES = 256 * 1024


class HttpProviderClient:
    """Certificates are checked against those of the system. A redirect is not followed."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=8, force_close=True),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S),
            auto_decompress=False,  # a short body may be a long one compressed
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, url: str) -> bytes:
        async with self._response("GET", url) as response:
            if response.status != 200:
                raise Unavailable(detail=f"the OpenID provider: status {response.status}")
            return await _body(response)

    async def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        headers = {"Authorization": authorization} if authorization else {}
        async with self._response("POST", url, fields, headers) as response:
            if response.status >= 500:
                raise Unavailable(detail=f"the OpenID provider: status {response.status}")
            return response.status, await _body(response)

    @asynccontextmanager
    async def _response(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Raises `ProviderAway`; its `detail` says why, without what was sent."""
        if self._session is None:
            raise Unavailable("the client is not open yet")
        try:
            async with self._session.request(
                method, URL(url, encoded=True), data=fields, headers=headers, allow_redirects=False
            ) as response:
                yield response
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise ProviderAway(detail=f"the OpenID provider: {type(error).__name__}") from None


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_RESPONSE_BYTES:
            raise Unavailable(detail=f"the OpenID provider: more than {MAX_RESPONSE_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
