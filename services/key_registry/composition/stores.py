"""What the key registry stores and where: PostgreSQL, Valkey, the copies of the history."""

import asyncio

from services.key_registry.changes.relay import Relay
from services.key_registry.composition.history import HistoryStores
from services.key_registry.config import Settings
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.changes import PostgresChanges
from services.key_registry.storage.postgres.consumers import PostgresConsumers
from services.key_registry.storage.postgres.store import PostgresStore
from shared.changes.stream import ChangeStreamWriter
from shared.clock import Clock
from shared.contracts.key_registry import SNAPSHOT_TIMEOUT_S
from shared.http.app import Resource
from shared.postgres.pool import Database
from shared.redis import PipelinedRedis

PATIENT_TIMEOUT_S = 600.0
"""Seconds for one step of what is done in the background, over a connection of its own."""


class Stores:
    """PostgreSQL, and the stream that changes are relayed to."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        dsn, timeout = settings.database_dsn, settings.store_timeout
        self.database = Database(dsn, schema=SCHEMA, size=settings.database_pool_size, timeout=timeout)
        snapshots = Database(dsn, schema=SCHEMA, size=1, timeout=max(timeout, SNAPSHOT_TIMEOUT_S))
        self.patient = Database(dsn, schema=SCHEMA, size=1, timeout=PATIENT_TIMEOUT_S)
        self.redis = PipelinedRedis(settings.redis_dsn, timeout=settings.redis_timeout)
        self.history = HistoryStores(settings, self.redis, clock)
        self.changes = PostgresChanges(self.database, snapshots, self.history.guard)
        self.consumers = PostgresConsumers(self.database)
        self.relay = Relay(self.changes, ChangeStreamWriter(self.redis))
        self.event_written = asyncio.Event()
        self.objects = PostgresStore(
            self.database,
            timeout=timeout,
            on_change=self.relay.wake,
            on_event=self.event_written.set,
            guard=self.history.guard,
            copies=self.history.copies,
        )
        stores = (self.database, snapshots, self.patient, self.redis)
        self.resources: tuple[Resource, ...] = (*stores, *self.history.resources, self.relay)
