"""Sessions in Valkey or Redis, and the outbox of their audit events. Every session is written with its TTL."""

import uuid
from collections.abc import Callable, Mapping, Sequence

import orjson

from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.redis import WRITE_PROBE, WRITE_PROBE_MS, PipelinedRedis

OUTBOX = "session_token_outbox"
"""A stream of audit events that the key registry does not have yet."""
LEASE = "session_token_outbox:relay"
"""The copy of the service that relays the outbox now."""
LEASE_MS = 3000

# The event first: should the server fail half-way, there is an event without a session, and never the reverse.
PUT = """
if redis.call('XLEN', KEYS[3]) >= tonumber(ARGV[5]) then return 0 end
redis.call('XADD', KEYS[3], '*', 'event', ARGV[4])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[2]) end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
"""Session, count of uses and audit event in one step; 0, and nothing written, when the outbox is at its bound."""

CHECK_WRITES = """
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
redis.call('XDEL', KEYS[2], redis.call('XADD', KEYS[2], '*', 'event', ''))
"""
"""What `PUT` writes, in one step and so unseen by any relay."""

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
"""One use less, keeping the TTL; the last one removes the session. 0 when there was none left."""

TAKE_LEASE = """
if redis.call('TYPE', KEYS[1]).ok == 'string' then
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 and left <= tonumber(ARGV[2]) and redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""1 for the copy that holds the lease or gets it. What no copy can have written is no lease."""


OLDEST_AGE_MS = """
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first then return 0 end
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(string.match(first[1], '^%d+'))
"""
"""By the server's clock alone, whose time an entry's id begins with."""


class RedisSessionStore:
    """`session_token:{<id>}` holds the sealed bytes, `session_token:{<id>}:uses` how many uses are left.

    `outbox_limit`: audit events that may wait for the registry; beyond that no session is created.
    `on_event` is called when one was added.
    """

    def __init__(
        self, redis: PipelinedRedis, *, outbox_limit: int = 100_000, on_event: Callable[[], None] = lambda: None
    ) -> None:
        self._redis = redis
        self._outbox_limit = outbox_limit
        self._on_event = on_event

    async def put(self, id_: str, sealed: bytes, *, ttl: int, uses: int | None, event: AuditEvent) -> None:
        """Raises `Unavailable` also when the outbox is at its limit."""
        keys = (_session(id_), _uses(id_), OUTBOX)
        count = "" if uses is None else uses
        text = orjson.dumps(vars(event))  # which hold nothing but JSON: at a fifth of pydantic's cost
        arguments = (sealed, ttl, count, text, self._outbox_limit)
        if not await self._redis.execute("EVAL", PUT, 3, *keys, *arguments):
            raise Unavailable("the audit trail is behind", detail=f"{self._outbox_limit} audit events wait")
        self._on_event()

    async def get(self, id_: str) -> bytes | None:
        sealed: bytes | None = await self._redis.execute("GET", _session(id_))
        return sealed

    async def get_all(self, ids: Sequence[str]) -> Sequence[bytes | None]:
        sealed: list[bytes | None] = await self._redis.execute("MGET", *map(_session, ids))
        return sealed

    async def take_use(self, id_: str) -> bool:
        return bool(await self._redis.execute("EVAL", TAKE_USE, 2, _session(id_), _uses(id_)))

    async def end(self, id_: str) -> bool:
        return bool(await self._redis.execute("DEL", _session(id_), _uses(id_)))

    async def ping(self) -> None:
        await self._redis.ping()

    async def check_writes(self) -> None:
        """Raises `Unavailable` unless a session and its event can be written."""
        await self._redis.execute("EVAL", CHECK_WRITES, 2, WRITE_PROBE, OUTBOX, WRITE_PROBE_MS)


class RedisOutbox:
    """The events of all copies of the service, relayed by one copy at a time while it renews its lease."""

    def __init__(self, redis: PipelinedRedis) -> None:
        self._redis = redis
        self._instance = uuid.uuid4().hex

    async def take(self, limit: int) -> Sequence[tuple[str, AuditEvent | None]]:
        if not await self._redis.execute("EVAL", TAKE_LEASE, 1, LEASE, self._instance, LEASE_MS):
            return ()
        # Outside the script, within which each entry costs several times as much.
        entries = await self._redis.execute("XRANGE", OUTBOX, "-", "+", "COUNT", limit)
        return [(id_.decode(), _event(fields)) for id_, fields in entries]

    async def remove(self, entries: Sequence[str]) -> None:
        await self._redis.execute("XDEL", OUTBOX, *entries)

    async def length(self) -> int:
        return int(await self._redis.execute("XLEN", OUTBOX))

    async def oldest_age(self) -> float:
        age_ms = int(await self._redis.execute("EVAL", OLDEST_AGE_MS, 1, OUTBOX))
        return max(0.0, age_ms / 1000)


def _event(fields: Mapping[bytes, bytes]) -> AuditEvent | None:
    try:
        return AuditEvent.model_validate_json(fields[b"event"])
    except (ValueError, KeyError):
        return None


def _session(id_: str) -> str:
    return f"session_token:{{{id_}}}"


def _uses(id_: str) -> str:
    return f"session_token:{{{id_}}}:uses"
