"""Sessions in Valkey or Redis. Every key is written together with its TTL, in one command."""

from shared.redis import PipelinedRedis

TAKE_USE = """
local left = redis.call('GET', KEYS[2])
if not left then return 0 end
if tonumber(left) > 1 then
  redis.call('DECR', KEYS[2])
else
  redis.call('DEL', KEYS[1], KEYS[2])
end
return 1
"""
"""One use less, keeping the TTL; the last one takes the session away. 0 when there was none left."""


class RedisSessionStore:
    """`session_token:{<id>}` holds the sealed bytes, `session_token:{<id>}:uses` how many uses are left.

    The braces keep both on one node of a cluster.
    """

    def __init__(self, redis: PipelinedRedis) -> None:
        self._redis = redis

    async def put(self, id_: str, sealed: bytes, *, ttl: int, uses: int | None) -> None:
        if (
            uses is not None
        ):  # first: without its count a session is not good, without its session a count is nothing
            await self._redis.execute("SET", _uses(id_), uses, "EX", ttl)
        await self._redis.execute("SET", _session(id_), sealed, "EX", ttl)

    async def get(self, id_: str) -> bytes | None:
        sealed: bytes | None = await self._redis.execute("GET", _session(id_))
        return sealed

    async def take_use(self, id_: str) -> bool:
        return bool(await self._redis.execute("EVAL", TAKE_USE, 2, _session(id_), _uses(id_)))

    async def end(self, id_: str) -> None:
        await self._redis.execute("DEL", _session(id_), _uses(id_))

    async def ping(self) -> None:
        await self._redis.ping()


def _session(id_: str) -> str:
    return f"session_token:{{{id_}}}"


def _uses(id_: str) -> str:
    return f"session_token:{{{id_}}}:uses"
