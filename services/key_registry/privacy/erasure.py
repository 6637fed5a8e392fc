"""Erasing a company: its objects, what else refers to it, and what audit lines tell of it.

The lines stay in the chain with their hashes, which are over a digest of the detail: see ADR 0026. Every step may
be cut short and done again by the company's id, also when the company itself is gone already.
"""

from dataclasses import dataclass
from uuid import UUID

from services.key_registry.audit_trail.archiving import Archive
from services.key_registry.audit_trail.chain import AuditFilter
from services.key_registry.audit_trail.ports import ErasableLines
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    API_TOKEN,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    Resource,
)
from services.key_registry.ports.store import Listing, Store
from services.key_registry.privacy.ports import CompanyTraces
from services.key_registry.recording.recorder import append
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import Conflict, NotFound

ACTION = "company.erased"
IN_ORDER: tuple[Resource, ...] = (API_TOKEN, ACCESS_KEY, API_CLIENT, KEY_PAIR, ADMIN_TOKEN, BOOKING, COMPANY)
"""What refers to another before that."""
OBJECTS_PER_TRANSACTION = 50
LINES_PER_PAGE = 500


@dataclass(frozen=True, slots=True)
class Erased:
    objects: int
    lines: int
    """Of the audit trail in the database."""
    files: int
    """Months of the audit trail that were written anew."""


class CompanyErasure:
    def __init__(
        self, store: Store, traces: CompanyTraces, lines: ErasableLines, archive: Archive | None, clock: Clock
    ) -> None:
        self._store = store
        self._traces = traces
        self._lines = lines
        self._archive = archive
        self._clock = clock

    async def erase(self, company_id: UUID) -> Erased:
        """Raises `NotFound` for what never was a company, `Conflict` for one that is not revoked, `Unavailable`.

        Also what `Archive.erase` raises; then the rest is erased.
        """
        await self.check(company_id)
        await self._traces.forget(company_id)
        objects = sum([await self._delete_all(resource, company_id) for resource in IN_ORDER])
        await self._traces.forget(company_id)  # calls that were counted meanwhile
        if objects:
            await self._record(company_id, objects)
        lines = await self._erase_lines(company_id)
        files = 0 if self._archive is None else await self._archive.erase(str(company_id))
        return Erased(objects, lines, files)

    async def check(self, company_id: UUID) -> None:
        """Raises what `erase` raises for a company that cannot be erased."""
        async with self._store.reading() as reader:
            company = await reader.find(COMPANY, company_id)
        if company is not None and company["status"] != "revoked":
            raise Conflict("revoke the company first: what is erased must have stopped before")
        known = AuditFilter(subject_kind=COMPANY.kind, subject=str(company_id))
        if company is None and not await self._lines.newest(known, None, 1):
            raise NotFound("there is no such company, and none was erased")

    async def _delete_all(self, resource: Resource, company_id: UUID) -> int:
        """A few at a time: others write in between, and what was deleted stays so."""
        deleted = 0
        column = "id" if resource is COMPANY else "company_id"
        while True:
            async with self._store.writing(by=None) as writer:
                rows = await writer.list(resource, Listing(OBJECTS_PER_TRANSACTION, equals={column: company_id}))
                now = self._clock.now()
                until = now + MAX_TOKEN_LIFE_S
                for row in rows:
                    id_ = str(row["id"])
                    await writer.delete(resource, row["id"])
                    await writer.keep_stopped(resource.kind, id_, until, now)
                    await writer.append_change(resource.kind, id_, "revoked", now, until)
            if not rows:
                return deleted
            deleted += len(rows)

    async def _record(self, company_id: UUID, objects: int) -> None:
        event = AuditEvent(
            action=ACTION,
            actor="command-line",
            at=self._clock.now(),
            subject_kind=COMPANY.kind,
            subject=str(company_id),
            detail={"objects": objects},
        )
        async with self._store.writing(by=None) as writer:
            await append(writer, [event])

    async def _erase_lines(self, company_id: UUID) -> int:
        erased, before = 0, None
        while page := await self._lines.newest(AuditFilter(company_id=str(company_id)), before, LINES_PER_PAGE):
            before = page[-1].seq
            if full := [line.without_detail() for line in page if line.erased_detail is None]:
                await self._lines.erase(full)
                erased += len(full)
        if erased:
            await self._lines.vacuum()
        return erased
