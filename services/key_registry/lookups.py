"""Look-ups of credentials by the other services, those in flight gathered into one query a kind."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from services.key_registry.ports.credentials import Credentials
from shared.contracts.key_registry import AccessKey, ApiClient, ApiToken, KeyPair
from shared.errors import Unavailable
from shared.waiting.shared_result import shared_result
from shared.waiting.single_flight import SingleFlight

MAX_BATCH = 500
MAX_WAITING = 5000
LOOKUP_TIMEOUT_S = 0.8
"""Seconds for one look-up, waiting for the batch before included: a caller gives up soon after."""

K = TypeVar("K")
V = TypeVar("V")


class Batcher(Generic[K, V]):
    """Fetches one batch at a time; what is requested meanwhile is the next batch.

    So a result is never older than its request: a key joins only a batch that has not left yet.
    """

    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._fetch = fetch
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._fetching = SingleFlight("lookups", self._run)

    async def get(self, key: K) -> V | None:
        """Raises `Unavailable` when the store is unavailable, or too many look-ups wait."""
        future = self._waiting.get(key)
        if future is None:
            if len(self._waiting) >= MAX_WAITING:
                raise Unavailable("too many look-ups at once")
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        self._fetching.begin()
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                return await shared_result(future)
        except TimeoutError:
            raise Unavailable("the look-up took too long") from None

    async def _run(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[:MAX_BATCH]
            await self._resolve({key: self._waiting.pop(key) for key in keys})

    async def _resolve(self, batch: Mapping[K, asyncio.Future[V | None]]) -> None:
        """Fetch the batch and complete its futures; a failure of the fetch is the failure of each."""
        try:
            found = await self._fetch(list(batch))
        except BaseException as error:
            for future in batch.values():
                future.set_exception(error if isinstance(error, Exception) else Unavailable())
            if not isinstance(error, Exception):
                raise
            return
        for key, future in batch.items():
            future.set_result(found.get(key))


class Lookups:
    """Each method gives None for what does not exist."""

    def __init__(self, credentials: Credentials) -> None:
        self.api_token: Callable[[bytes], Awaitable[ApiToken | None]] = Batcher(credentials.api_tokens).get
        self.access_key: Callable[[bytes], Awaitable[AccessKey | None]] = Batcher(credentials.access_keys).get
        self.api_client: Callable[[str], Awaitable[ApiClient | None]] = Batcher(credentials.api_clients).get
        self.key_pair: Callable[[str], Awaitable[KeyPair | None]] = Batcher(credentials.key_pairs).get
