"""Events appended to the audit trail in one round trip, by a process that knows where the trail ends."""

import asyncio
from collections.abc import Sequence

from services.key_registry.audit_trail.chain import START, Head, chained
from services.key_registry.history.guard import HistoryGuard
from services.key_registry.storage.postgres.audit_trail.lines import begun, columns, recent
from services.key_registry.storage.postgres.statements import WRITER_LOCK_ID
from shared.contracts.key_registry import AuditEvent
from shared.errors import Unavailable
from shared.postgres.pool import Database

LOOKS = 16
"""Batches for which nothing is expected once the trail ended elsewhere: another process appends to it as well."""
_APPEND = "SELECT audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"


class PostgresTrailEnd:
    """The end is expected where this process has left or seen it, which `guard` knows.

    A write that looks first takes five round trips, most of them with the lock that all writers need. `timeout` is
    for one call, in seconds.
    """

    def __init__(self, database: Database, guard: HistoryGuard, *, timeout: float = 0.8) -> None:
        self._database = database
        self._guard = guard
        self._timeout = timeout
        self._turn = asyncio.Lock()
        """Of who appends now: whoever is next has to know where the trail ends then."""
        self._looks = 0

    async def append(self, events: Sequence[AuditEvent]) -> bool:
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                return await self._append(events)
        except TimeoutError:
            raise Unavailable("too much is being written at once") from None

    async def _append(self, events: Sequence[AuditEvent]) -> bool:
        expected, known = self._guard.expected(), self._guard.known
        end = Head(known.audit_seq, known.audit_hash)
        if self._looks or end == START:
            self._looks = max(0, self._looks - 1)
            return False
        lines = list(chained(end, events))
        ids = [line.event_id or "" for line in lines]
        if len(set(ids)) < len(ids):
            return False
        position = (expected.seq, expected.mark, recent(), begun(ids), end.seq, end.hash)
        async with self._database.connection() as connection:
            if not await connection.fetchval(_APPEND, WRITER_LOCK_ID, *position, *columns(lines)[1:]):
                self._looks = LOOKS
                return False
        self._guard.note(None, Head(lines[-1].seq, lines[-1].hash))
        return True
