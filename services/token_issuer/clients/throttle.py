"""A rate limit for guessing: after ten wrong secrets in a minute a client and an address together have to wait.

The addresses of one IPv6 network of 64 bits are one: whoever has one has them all.

The counts are in a store that all copies share and that outlasts a restart. While it is unavailable, each copy
counts for itself: a count that cannot be kept must not stop issuing, and ten guesses at each copy are still far too
few against 256 random bits.
"""

import math
from collections.abc import Sequence
from hashlib import sha256

from services.token_issuer.oauth_errors import TooManyWrongSecrets
from shared.clock import Clock
from shared.failure_times import FailureTimes
from shared.http.client_address import address_block

MAX_WRONG_SECRETS = 10
WRONG_SECRET_WINDOW_S = 60
WRONG_SECRETS_PREFIX = "passgate:wrong_secrets:"
"""Of their keys in Valkey."""


class SecretThrottle:
    """`limit`: how many in a minute, for each address and client."""

    def __init__(self, failures: FailureTimes, clock: Clock, *, limit: int = MAX_WRONG_SECRETS) -> None:
        self._limit = limit
        self._failures = failures
        self._clock = clock

    async def check(self, address: str, client_id: str) -> None:
        """Raises `TooManyWrongSecrets` after `limit` from there for this client in the last minute."""
        self._judge(await self._failures.times(_pair(address, client_id), keep=self._limit), self._limit)

    async def wrong(self, address: str, client_id: str) -> None:
        """Count a wrong secret. Raises `TooManyWrongSecrets` when `limit` others came before it in a minute."""
        pair, now = _pair(address, client_id), self._clock.now()
        self._judge(await self._failures.add(pair, now, keep=self._limit + 1), self._limit + 1)

    def _judge(self, times: Sequence[float], count: int) -> None:
        now = self._clock.now()
        recent = [at for at in times if now - at < WRONG_SECRET_WINDOW_S]
        if len(recent) >= count:
            wait = math.ceil(WRONG_SECRET_WINDOW_S - (now - recent[self._limit - 1]))
            raise TooManyWrongSecrets(retry_after=min(max(wait, 1), WRONG_SECRET_WINDOW_S))


def _pair(address: str, client_id: str) -> str:
    return sha256(f"{address_block(address)}\n{client_id}".encode()).hexdigest()
