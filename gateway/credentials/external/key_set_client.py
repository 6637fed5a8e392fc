"""Fetching the key sets of other issuers, within bounds that no issuer can move."""

import aiohttp
from yarl import URL

from shared.errors import Unavailable
from shared.http.calls.failures import describe

FETCH_TIMEOUT_S = 5.0
"""Seconds for a whole fetch, from the look-up of the name to the last byte."""
MAX_KEY_SET_BYTES = 256 * 1024
CONTENT_TYPES = frozenset({"application/json", "application/jwk-set+json"})


class KeySetClient:
    """A connection each: fetches are minutes apart. Certificates are checked against those of the system."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=64, force_close=True),
            timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S),
            auto_decompress=False,  # a short body may be a long one compressed
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": ", ".join(sorted(CONTENT_TYPES)), "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str) -> bytes:
        """The key set at `url`, as it came. Raises `Unavailable`; its `detail` says why, without what was sent.

        A redirect is not followed: keys come from where the route file says, and from nowhere else.
        """
        if self._session is None:
            raise Unavailable("the client is not open yet")
        try:
            async with self._session.get(URL(url, encoded=True), allow_redirects=False) as response:
                _check_head(response)
                return await _body(response)
        except TimeoutError:
            raise Unavailable(detail=f"no complete response within {FETCH_TIMEOUT_S:g} s") from None
        except aiohttp.ClientPayloadError:
            raise Unavailable(detail="the response ends before its time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(detail=describe(error)) from None


def _check_head(response: aiohttp.ClientResponse) -> None:
    if 300 <= response.status < 400:
        raise Unavailable(detail=f"a redirect (status {response.status}), which is not followed")
    if response.status != 200:
        raise Unavailable(detail=f"status {response.status}")
    if response.content_type not in CONTENT_TYPES:
        raise Unavailable(detail=f"the content type is not {' or '.join(sorted(CONTENT_TYPES))}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unavailable(detail="the body is compressed, although that was not accepted")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], response.content_length or 0
    if size <= MAX_KEY_SET_BYTES:
        size = 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > MAX_KEY_SET_BYTES:
                break
            parts.append(part)
    if size > MAX_KEY_SET_BYTES:
        raise Unavailable(detail=f"more than {MAX_KEY_SET_BYTES} bytes")
    return b"".join(parts)
