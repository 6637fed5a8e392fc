"""A brake on guessing: ten wrong secrets in a minute from one address for one client, and that pair has to wait.

The addresses of one IPv6 network of 64 bits are one: whoever has one has them all.

The counts are in a store that all copies share and that outlasts a restart. While it is unavailable, each copy
counts for itself: a count that cannot be kept must not stop issuing, and ten guesses at each copy are still far too
few against 256 random bits.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256

from services.token_issuer.oauth_errors import TooManyWrongSecrets
from services.token_issuer.storage.ports import WRONG_SECRET_WINDOW_S, WrongSecrets
from shared.clock import Clock
from shared.errors import Unavailable
from shared.http.client_address import address_block

MAX_WRONG_SECRETS = 10
STORE_RETRY_INTERVAL_S = 2.0
"""Seconds for which a store that was unavailable is left alone, so that requests do not wait for it one by one."""


class SecretThrottle:
    """`limit`: how many in a minute, for each address and client."""

    def __init__(
        self, store: WrongSecrets, fallback: WrongSecrets, clock: Clock, *, limit: int = MAX_WRONG_SECRETS
    ) -> None:
        self._limit = limit
        self._store = store
        self._fallback = fallback
        self._clock = clock
        self._store_retry_at = float("-inf")

    async def check(self, address: str, client_id: str) -> None:
        """Raises `TooManyWrongSecrets` after `limit` from there for this client in the last minute."""
        pair = _pair(address, client_id)
        times = await self._from_store(lambda: self._store.times(pair, keep=self._limit))
        if times is None:
            times = await self._fallback.times(pair, keep=self._limit)
        self._judge(times, self._limit)

    async def wrong(self, address: str, client_id: str) -> None:
        """Count a wrong secret. Raises `TooManyWrongSecrets` when `limit` others came before it in a minute."""
        pair, now = _pair(address, client_id), self._clock.now()
        own = await self._fallback.add(pair, now, keep=self._limit + 1)
        times = await self._from_store(lambda: self._store.add(pair, now, keep=self._limit + 1))
        self._judge(own if times is None else times, self._limit + 1)

    async def _from_store(self, call: Callable[[], Awaitable[Sequence[float]]]) -> Sequence[float] | None:
        if self._clock.monotonic() < self._store_retry_at:
            return None
        try:
            return await call()
        except Unavailable:
            self._store_retry_at = self._clock.monotonic() + STORE_RETRY_INTERVAL_S
            return None

    def _judge(self, times: Sequence[float], count: int) -> None:
        now = self._clock.now()
        recent = [at for at in times if now - at < WRONG_SECRET_WINDOW_S]
        if len(recent) >= count:
            wait = math.ceil(WRONG_SECRET_WINDOW_S - (now - recent[self._limit - 1]))
            raise TooManyWrongSecrets(retry_after=min(max(wait, 1), int(WRONG_SECRET_WINDOW_S)))


def _pair(address: str, client_id: str) -> str:
    return sha256(f"{address_block(address)}\n{client_id}".encode()).hexdigest()
