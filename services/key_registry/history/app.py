"""The parts that keep the history outside the database, put together."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from services.key_registry.audit_trail.chain import BrokenTrail
from services.key_registry.config import Settings
from services.key_registry.history.check import HistoryCheck
from services.key_registry.history.comparison import comparable
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.ports import HistoryCopy
from services.key_registry.history.records import HistoryHead
from services.key_registry.history.restores.recovery import Recovery
from services.key_registry.history.sealing import Seal
from services.key_registry.storage.history_file import HistoryFile
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.history.recovery import PostgresRecovery
from services.key_registry.storage.postgres.history.state import PostgresHistory
from services.key_registry.storage.redis import RedisHistory
from shared.clock import Clock
from shared.contracts.key_registry import SNAPSHOT_TIMEOUT_S
from shared.errors import Unavailable
from shared.http.app import Resource
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis

HEADS_TIMEOUT_S = 10.0
"""Seconds for a copy to say how the trail ended, where nobody waits for a response over HTTP."""
RECOVERY_TIMEOUT_S = 60.0
"""Seconds for all that is taken back after a restore."""


class HistoryStores:
    """`resources` are started in their order, after `redis`."""

    def __init__(self, settings: Settings, redis: PipelinedRedis, clock: Clock) -> None:
        self.guard = guard = HistoryGuard()
        dsn, patience = settings.database_dsn, max(settings.store_timeout, SNAPSHOT_TIMEOUT_S)
        database = Database(dsn, schema=SCHEMA, size=2, timeout=patience)
        recovering = Database(dsn, schema=SCHEMA, size=1, timeout=RECOVERY_TIMEOUT_S)
        self.store = PostgresHistory(database)
        self.recovery = Recovery(PostgresRecovery(recovering), clock)
        self.copies = HistoryCopies(self.store, guard, clock)
        self.check = HistoryCheck(
            self.store,
            self.recovery,
            guard,
            self.copies,
            partial(open_copies, settings, redis),
            required=settings.history_dir is not None,
        )
        self.resources: tuple[Resource, ...] = (database, recovering, self.check)


class OutsideHeads(NamedTuple):
    """How the audit trail is known to have ended, by the copies of the history."""

    heads: Mapping[int, bytes]
    """The hash of a line, by its number."""
    compared: Sequence[str]
    missing: Sequence[str]
    """The copies that say nothing, and why."""


async def outside_heads(settings: Settings, database: Database) -> OutsideHeads:
    """Ask the copies first: what the trail gets meanwhile is no loss. Raises `BrokenTrail` for two that differ."""
    redis, store = PipelinedRedis(settings.redis_dsn, timeout=HEADS_TIMEOUT_S), PostgresHistory(database)
    found: dict[str, HistoryHead] = {}
    missing: list[str] = []
    try:
        for copy in open_copies(settings, redis, await store.history()):
            try:
                head = await copy.head()
            except Unavailable as error:
                missing.append(f"{copy.name} ({error.description or 'unavailable'})")
                continue
            if head is None:
                missing.append(f"{copy.name} (it holds nothing of this history)")
            else:
                found[copy.name] = head
    finally:
        await redis.stop()
    state, heads = await store.state(()), dict[int, bytes]()
    for head in found.values():
        if comparable(head, state) and heads.setdefault(head.audit_seq, head.audit_hash) != head.audit_hash:
            raise BrokenTrail(head.audit_seq, "has had two hashes, by the heads kept outside: it was made anew")
    return OutsideHeads(heads, list(found), missing)


def open_copies(settings: Settings, redis: PipelinedRedis, history: str) -> Sequence[HistoryCopy]:
    """The copies of the history of this name, wherever the settings say."""
    seal, folder = Seal(settings.history_keys, history), settings.history_dir
    files = () if folder is None else (HistoryFile(folder, history, seal),)
    return (RedisHistory(redis, history, seal), *files)
