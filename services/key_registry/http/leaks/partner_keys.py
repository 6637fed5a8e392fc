"""The keys that GitHub signs its reports with: from a file, or from where it publishes them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import aiohttp
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from services.key_registry.leaks.github import keys_of
from shared.clock import Clock
from shared.errors import Unavailable
from shared.waiting.daemon_threads import in_daemon_thread

log = structlog.get_logger()

REFRESH_INTERVAL_S = 3600.0
"""Seconds after which keys are read again when one is needed: a key that is withdrawn counts for so long."""
MIN_INTERVAL_S = 60.0
"""Seconds between two attempts, whatever identifiers strangers make up."""
FETCH_TIMEOUT_S = 5.0
MAX_DOCUMENT_BYTES = 256 * 1024

Read = Callable[[], Awaitable[bytes]]
"""Raises `OSError`, `ValueError` or `Unavailable`."""


class PartnerKeys:
    """While they cannot be read, those that were read last go on."""

    def __init__(self, read: Read, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._keys: Mapping[str, EllipticCurvePublicKey] = {}
        self._read_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, identifier: str) -> EllipticCurvePublicKey | None:
        """Raises `Unavailable` as long as no keys could be read at all."""
        if identifier not in self._keys or self._clock.monotonic() - self._read_at >= REFRESH_INTERVAL_S:
            async with self._lock:
                await self._refresh()
        if self._read_at == float("-inf"):
            raise Unavailable("the keys that reports are verified with cannot be read")
        return self._keys.get(identifier)

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        if now - self._tried_at < MIN_INTERVAL_S:
            return
        self._tried_at = now
        try:
            self._keys, self._read_at = keys_of(await self._read()), now
        except (OSError, ValueError, Unavailable) as error:
            log.warning("leak_report_keys.unreadable", reason=type(error).__name__)


def reader_of(source: str) -> Read:
    """For a file, or a URL."""
    if source.startswith(("https://", "http://")):
        return lambda: _fetched(source)
    return lambda: in_daemon_thread(Path(source).read_bytes)


async def _fetched(url: str) -> bytes:
    """No redirect is followed: keys come from where the setting says, and from nowhere else."""
    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session,
            session.get(url, allow_redirects=False, headers={"Accept": "application/json"}) as response,
        ):
            if response.status != 200:
                raise Unavailable(detail=f"status {response.status}")
            document = await response.content.read(MAX_DOCUMENT_BYTES + 1)
            while len(document) <= MAX_DOCUMENT_BYTES and (more := await response.content.read(MAX_DOCUMENT_BYTES)):
                document += more
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(detail=type(error).__name__) from None
    if len(document) > MAX_DOCUMENT_BYTES:
        raise Unavailable(detail=f"more than {MAX_DOCUMENT_BYTES} bytes")
    return document
