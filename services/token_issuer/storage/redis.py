"""When wrong secrets came, in Valkey or Redis: a list for each pair, which dies a minute after its last entry."""

from collections.abc import Sequence
from typing import Any

from services.token_issuer.storage.ports import WRONG_SECRET_WINDOW_S
from shared.redis import PipelinedRedis

PREFIX = "passgate:wrong_secrets:"

_ADD = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return redis.call('LRANGE', KEYS[1], 0, -1)
"""


class RedisWrongSecrets:
    def __init__(self, redis: PipelinedRedis) -> None:
        self._redis = redis

    async def times(self, pair: str, *, keep: int) -> Sequence[float]:
        return await self._times("LRANGE", PREFIX + pair, 0, keep - 1)

    async def add(self, pair: str, at: float, *, keep: int) -> Sequence[float]:
        return await self._times("EVAL", _ADD, 1, PREFIX + pair, repr(at), keep, int(WRONG_SECRET_WINDOW_S))

    async def _times(self, *command: Any) -> Sequence[float]:
        return [float(item) for item in await self._redis.execute(*command)]
