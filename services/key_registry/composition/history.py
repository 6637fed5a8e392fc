"""The parts that keep the history outside the database, put together."""

from collections.abc import Sequence
from functools import partial

from services.key_registry.config import Settings
from services.key_registry.history.copies import HistoryCopies
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.outside_heads import OutsideHeads, read_outside_heads
from services.key_registry.history.ports import HistoryCopy
from services.key_registry.history.restores.recovery import Recovery
from services.key_registry.history.sealing import Seal
from services.key_registry.history.set_back_check import HistoryCheck
from services.key_registry.storage.history_file import HistoryFile
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.history.recovery import PostgresRecovery
from services.key_registry.storage.postgres.history.state import PostgresHistory
from services.key_registry.storage.redis import RedisHistory
from shared.clock import Clock
from shared.contracts.key_registry import SNAPSHOT_TIMEOUT_S
from shared.http.app import Resource
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis

HEADS_TIMEOUT_S = 10.0
"""Seconds for a copy to say how the trail ended, where nobody waits for a response over HTTP."""
RECOVERY_TIMEOUT_S = 60.0
"""Seconds for all that is stopped again after a restore."""


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


async def outside_heads(settings: Settings, database: Database) -> OutsideHeads:
    """With a connection of its own to Valkey. Raises `BrokenTrail` for two copies that differ."""
    redis, store = PipelinedRedis(settings.redis_dsn, timeout=HEADS_TIMEOUT_S), PostgresHistory(database)
    try:
        return await read_outside_heads(open_copies(settings, redis, await store.history()), store)
    finally:
        await redis.stop()


def open_copies(settings: Settings, redis: PipelinedRedis, history: str) -> Sequence[HistoryCopy]:
    """The copies of the history of this name, wherever the settings say."""
    seal, folder = Seal(settings.history_keys, history), settings.history_dir
    files = () if folder is None else (HistoryFile(folder, history, seal),)
    return (RedisHistory(redis, history, seal), *files)
