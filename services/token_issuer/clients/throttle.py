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
from shared.addresses.block import address_block
from shared.clock import Clock
from shared.failure_times import FailureTimes

MAX_WRONG_SECRETS = 10
WRONG_SECRET_WINDOW_S = 60
WRONG_SECRETS_PREFIX = "passgate:wrong_secrets:"
"""Of their keys in Valkey."""
CLEAN_S = 0.1
"""Seconds for which the store is not asked again about an address and a client of which it knows no wrong secret:
who requests many tokens is looked up once. A secret that is wrong meanwhile is counted and judged all the same."""
MAX_CLEAN = 1000


class SecretThrottle:
    """`limit`: how many in a minute, for each address and client."""

    def __init__(self, failures: FailureTimes, clock: Clock, *, limit: int = MAX_WRONG_SECRETS) -> None:
        self._limit = limit
        self._failures = failures
        self._clock = clock
        self._clean: dict[tuple[str, str], float] = {}
        """Of which address and client the store knows no wrong secret, and until when that is taken to be so."""

    async def check(self, address: str, client_id: str) -> None:
        """Raises `TooManyWrongSecrets` after `limit` from there for this client in the last minute."""
        whose, now = (address, client_id), self._clock.monotonic()
        if self._clean.get(whose, now) > now:
            return
        times = await self._failures.times(_pair(address, client_id), keep=self._limit)
        self._judge(times, self._limit)
        if not times:
            if len(self._clean) >= MAX_CLEAN:
                self._clean.clear()
            self._clean[whose] = now + CLEAN_S

    async def wrong(self, address: str, client_id: str) -> None:
        """Count a wrong secret. Raises `TooManyWrongSecrets` when `limit` others came before it in a minute."""
        times = await self._failures.add(_pair(address, client_id), self._clock.now(), keep=self._limit + 1)
        # After the response, not before: a look-up under way may have found nothing, and noted that meanwhile.
        self._clean.pop((address, client_id), None)
        self._judge(times, self._limit + 1)

    def _judge(self, times: Sequence[float], count: int) -> None:
        now = self._clock.now()
        recent = [at for at in times if now - at < WRONG_SECRET_WINDOW_S]
        if len(recent) >= count:
            wait = math.ceil(WRONG_SECRET_WINDOW_S - (now - recent[self._limit - 1]))
            raise TooManyWrongSecrets(retry_after=min(max(wait, 1), WRONG_SECRET_WINDOW_S))


def _pair(address: str, client_id: str) -> str:
    return sha256(f"{address_block(address)}\n{client_id}".encode()).hexdigest()
