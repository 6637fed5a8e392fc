"""What of a registry appends to the audit trail, as a process of its own would."""

from dataclasses import dataclass

from services.key_registry.history.guard import HistoryGuard
from services.key_registry.history.records import ORIGIN, HistoryHead
from services.key_registry.recording.recorder import AuditLog
from services.key_registry.storage.postgres.audit_trail.end import PostgresTrailEnd
from services.key_registry.storage.postgres.audit_trail.lines import head_of
from services.key_registry.storage.postgres.store import PostgresStore
from shared.postgres.pool import Database


@dataclass
class Process:
    """What of a registry appends to the trail."""

    database: Database
    guard: HistoryGuard
    end: PostgresTrailEnd

    @classmethod
    async def begun(cls, database: Database) -> "Process":
        """It knows the trail as it is now."""
        async with database.connection() as connection:
            head = await head_of(connection)
        guard = HistoryGuard()
        guard.open(HistoryHead(ORIGIN, head.seq, head.hash))
        return cls(database, guard, PostgresTrailEnd(database, guard, timeout=30))

    @property
    def log(self) -> AuditLog:
        return AuditLog(PostgresStore(self.database, timeout=30, guard=self.guard), self.end)
