"""A copy of the history in Valkey or Redis: one hash, whose fields are only ever replaced by later ones."""

import asyncio
from collections.abc import Iterator, Sequence

import structlog

from services.key_registry.history.records import MAX_RECORDS, HistoryContent, HistoryHead, StateRecord, bounded
from services.key_registry.history.sealing import HEAD, Seal
from shared.redis import PipelinedRedis

log = structlog.get_logger()

PREFIX = "passgate:history:"
FIELDS_PER_CALL = 200
FIELDS_PER_SCAN = 1000
_ADD = """
for i = 1, #ARGV, 2 do
    local known = redis.call('HGET', KEYS[1], ARGV[i])
    local at = known and tonumber(string.match(known, '^%d+'))
    if not at or at <= tonumber(string.match(ARGV[i + 1], '^%d+')) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
return 1
"""


class RedisHistory:
    """Each method raises `Unavailable`."""

    name = "valkey"

    def __init__(self, redis: PipelinedRedis, history: str, seal: Seal) -> None:
        self._redis = redis
        self._key = PREFIX + history
        self._seal = seal

    async def head(self) -> HistoryHead | None:
        value = await self._redis.execute("HGET", self._key, HEAD)
        return None if value is None else self._seal.read_head(_text(value))

    async def load(self) -> HistoryContent | None:
        values: dict[str, str] = {}
        cursor = 0
        while True:
            cursor, found = await self._redis.execute("HSCAN", self._key, cursor, "COUNT", FIELDS_PER_SCAN)
            values |= {_text(name): _text(value) for name, value in found.items()}
            if not int(cursor):
                return await asyncio.to_thread(self._seal.read, self.name, values) if values else None

    async def add(self, records: Sequence[StateRecord], head: HistoryHead) -> None:
        """The head comes last: what is kept up to it is all there."""
        fields = await asyncio.to_thread(lambda: [self._seal.record(record) for record in records])
        for part in _parts(fields):
            await self._add(part)
        await self._add([self._seal.head(head)])

    async def _add(self, fields: Sequence[tuple[str, str]]) -> None:
        arguments = [text for field in fields for text in field]
        await self._redis.execute("EVAL", _ADD, 1, self._key, *arguments)

    async def clear(self) -> None:
        if await self._redis.execute("EXISTS", self._key):
            log.error("history_copy.set_aside", copy=self.name)
            await self._redis.execute("RENAME", self._key, f"{self._key}:set_aside")

    async def compact(self, now: float) -> None:
        if int(await self._redis.execute("HLEN", self._key)) <= MAX_RECORDS:
            return
        kept = await self.load()
        if kept is None:
            return
        records, left_out_to = bounded(kept.records, now, maximum=MAX_RECORDS * 9 // 10)
        gone = [self._seal.record(r)[0] for key, r in kept.records.items() if key not in records]
        head = kept.head
        horizon = max(head.horizon, left_out_to)
        await self._add([self._seal.head(HistoryHead(head.position, head.audit_seq, head.audit_hash, horizon))])
        for start in range(0, len(gone), FIELDS_PER_CALL):
            await self._redis.execute("HDEL", self._key, *gone[start : start + FIELDS_PER_CALL])


def _parts(fields: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    for start in range(0, len(fields), FIELDS_PER_CALL):
        yield fields[start : start + FIELDS_PER_CALL]


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
