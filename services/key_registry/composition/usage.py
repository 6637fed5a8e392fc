"""Usage, put together."""

from prometheus_client import CollectorRegistry

from services.key_registry.access.control import AccessControl
from services.key_registry.config import Settings
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.usage.calls import UsageEndpoint
from services.key_registry.http.usage.credentials import CredentialUsageEndpoint
from services.key_registry.http.usage.impact import ImpactEndpoint
from services.key_registry.ports.store import Store
from services.key_registry.storage.postgres import SCHEMA
from services.key_registry.storage.postgres.usage.dependents import PostgresDependents
from services.key_registry.storage.postgres.usage.reports import PostgresUsage
from services.key_registry.usage.impact import ImpactService
from services.key_registry.usage.keeper import UsageKeeper
from services.key_registry.usage.reader import UsageReader
from shared.clock import Clock
from shared.http.app import Resource
from shared.postgres.pool import Database
from shared.usage.recorder import Usage

REPORT_TIMEOUT_S = 4.0
"""Seconds for one sum over the usage of a long time."""


class UsageParts:
    """`resources` are to be started and stopped with the application; `own` counts the use of admin tokens."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, metrics: CollectorRegistry) -> None:
        timeout = max(settings.store_timeout, REPORT_TIMEOUT_S)
        reports = Database(settings.database_dsn, schema=SCHEMA, size=2, timeout=timeout)
        self.store, self._clock = PostgresUsage(database, reports), clock
        self._dependents = PostgresDependents(reports)
        self.keeper = UsageKeeper(self.store, metrics)
        self.own = Usage(self.keeper, clock=clock, metrics=metrics)
        self.prune = self.store.prune
        self.resources: tuple[Resource, ...] = (reports, self.own)

    def endpoints(
        self, store: Store, access: AccessControl, authentication: Authentication
    ) -> tuple[UsageEndpoint, CredentialUsageEndpoint, ImpactEndpoint]:
        impact = ImpactService(self.store, self._dependents, store, access, self._clock)
        reader = UsageReader(self.store, store, access, self._clock)
        return (
            UsageEndpoint(reader, authentication),
            CredentialUsageEndpoint(reader, authentication),
            ImpactEndpoint(impact, authentication),
        )
