"""The audit trail, put together."""

from prometheus_client import CollectorRegistry

from services.key_registry.access.control import AccessControl
from services.key_registry.admin.audit_reader import AuditReader
from services.key_registry.audit_trail.archiving import Archive
from services.key_registry.audit_trail.checkpointing import Checkpointing
from services.key_registry.audit_trail.months import MonthUpkeep
from services.key_registry.audit_trail.partial_verification import PartialVerification
from services.key_registry.composition.stores import Stores
from services.key_registry.config import Settings
from services.key_registry.http.audit import AuditEndpoint
from services.key_registry.http.authentication import Authentication
from services.key_registry.recording.recorder import AuditLog
from services.key_registry.storage.postgres.audit_trail.checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_trail.end import PostgresTrailEnd
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from services.key_registry.storage.postgres.clock import DatabaseClock
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.http.app import Resource
from shared.postgres.pool import Database


class AuditParts:
    """`trail` and `tasks` are to be started and stopped with the application, the tasks last and first."""

    def __init__(
        self, settings: Settings, stores: Stores, clock: Clock, metrics: CollectorRegistry, *, name: str
    ) -> None:
        self._store, self._months, self._keys = stores.objects, PostgresMonths(stores.database), settings.audit_keys
        end = PostgresTrailEnd(stores.database, stores.history.guard, timeout=settings.store_timeout)
        self.log = AuditLog(stores.objects, end)
        self.trail = AuditTrail(self.log, service=name, clock=clock, metrics=metrics)
        self.lines = PostgresAuditLines(stores.database)
        self.checkpoints = PostgresCheckpoints(stores.database)
        public_keys = None if self._keys is None else self._keys.public
        self.verification = PartialVerification(self.lines, self._months, self.checkpoints, public_keys)
        self.tasks = self._tasks(settings, stores, clock)

    def endpoint(self, access: AccessControl, authentication: Authentication) -> AuditEndpoint:
        reader = AuditReader(self.lines, self._months, self.checkpoints, self._store, access)
        return AuditEndpoint(reader, authentication, self._keys)

    def _tasks(self, settings: Settings, stores: Stores, clock: Clock) -> tuple[Resource, ...]:
        upkeep = MonthUpkeep(PostgresMonths(stores.patient), DatabaseClock(stores.database))
        archive = archive_of(settings, stores.patient)
        archives = () if archive is None else (archive,)
        if self._keys is None:
            return (upkeep, *archives)
        interval = settings.audit_checkpoint_interval
        return (upkeep, *archives, Checkpointing(self.checkpoints, self._keys, clock, interval=interval))


def archive_of(settings: Settings, database: Database) -> Archive | None:
    """Where old months of the audit trail leave for, if anywhere; `database` needs time."""
    folder, keys = settings.audit_archive_dir, settings.audit_keys
    if folder is None or keys is None:
        return None
    return Archive(
        PostgresMonths(database),
        PostgresAuditLines(database),
        PostgresCheckpoints(database),
        keys,
        DatabaseClock(database),
        folder=folder,
        kept=settings.audit_months_kept,
    )
