"""When something failed, in Valkey or Redis: a list for each subject, which dies a window after its last entry."""

from collections.abc import Sequence
from typing import Any

from shared.redis import PipelinedRedis

_ADD = """
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return redis.call('LRANGE', KEYS[1], 0, -1)
"""
_ADD_IF = f"""
if table.concat(redis.call('LRANGE', KEYS[1], 0, ARGV[2] - 1), ' ') ~= ARGV[4] then return 0 end
{_ADD}"""


class RedisFailureTimes:
    """`prefix` of its keys, with its colon; `window_s`: whole seconds that a list is kept after its last entry."""

    def __init__(self, redis: PipelinedRedis, *, prefix: str, window_s: int) -> None:
        self._redis = redis
        self._prefix = prefix
        self._window_s = window_s

    async def times(self, subject: str, *, keep: int) -> Sequence[float]:
        return await self._times("LRANGE", self._prefix + subject, 0, keep - 1)

    async def add(self, subject: str, at: float, *, keep: int) -> Sequence[float]:
        return await self._times("EVAL", _ADD, 1, self._prefix + subject, repr(at), keep, self._window_s)

    async def add_if(self, subject: str, at: float, *, seen: Sequence[float], keep: int) -> bool:
        given = (self._prefix + subject, repr(at), keep, self._window_s, " ".join(map(repr, seen)))
        return bool(await self._redis.execute("EVAL", _ADD_IF, 1, *given))

    async def take_back(self, subject: str, at: float) -> None:
        await self._redis.execute("LREM", self._prefix + subject, 1, repr(at))

    async def forget(self, subject: str) -> None:
        await self._redis.execute("DEL", self._prefix + subject)

    async def _times(self, *command: Any) -> Sequence[float]:
        return [float(item) for item in await self._redis.execute(*command)]
