"""The change feed, its snapshot, and revocations of what the registry does not itself keep."""

import math

from services.key_registry.lifecycle import LONGEST_TOKEN_LIFE
from services.key_registry.recording import append
from services.key_registry.store import Changes, Store
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent, ChangePage, Revocation, Snapshot
from shared.errors import Unprocessable
from shared.logging import request_id

MAX_PAGE = 1000
MAX_UNTIL = 400 * 86400
"""Seconds from now for which a revocation may be kept."""


class Feed:
    def __init__(self, store: Store, changes: Changes, clock: Clock) -> None:
        self._store = store
        self._changes = changes
        self._clock = clock

    async def page(self, after: int, limit: int) -> ChangePage:
        return await self._changes.page(after, min(limit, MAX_PAGE))

    async def snapshot(self) -> Snapshot:
        return await self._changes.snapshot(self._clock.now() - LONGEST_TOKEN_LIFE)

    async def revoke(self, revocation: Revocation, *, service: str) -> int:
        """The receipt, when it is durable and in the feed. Again, for no longer than before: nothing happens."""
        now = self._clock.now()
        if not revocation.id or len(revocation.id) > 255 or not revocation.id.isprintable():
            raise Unprocessable.field("id", "must be 1 to 255 printable characters")
        if not math.isfinite(revocation.until) or not 0 <= revocation.until <= now + MAX_UNTIL:
            raise Unprocessable.field("until", f"must be a time at most {MAX_UNTIL} seconds from now")
        async with self._store.writing() as writer:
            if not await writer.stop(revocation, now):
                return await writer.last_change(revocation.id)
            receipt = await writer.append_change(
                revocation.kind, revocation.id, "revoked", now, revocation.until, revocation.company_id
            )
            event = AuditEvent(
                action=f"{revocation.kind}.revoked",
                actor=f"service:{service}",
                subject_kind=revocation.kind,
                subject=revocation.id,
                company_id=revocation.company_id,
                request_id=request_id.get(),
                at=now,
                detail={"until": revocation.until, "reason": revocation.reason[:255]},
            )
            await append(writer, [event])
        return receipt
