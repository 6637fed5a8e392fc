"""All that the registry has of a company, as JSON objects: what the API shows of it, and its audit lines."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from services.key_registry.access.presentation import present
from services.key_registry.audit_trail.archive_file import lines_of
from services.key_registry.audit_trail.chain import AuditFilter, Line
from services.key_registry.audit_trail.ports import AuditLines, Months
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.ports.store import Listing, RevocationListing, Store
from services.key_registry.privacy.erasure import IN_ORDER
from services.key_registry.privacy.ports import CompanyTraces
from shared.clock import Clock

OBJECTS_PER_READ = 200
LINES_PER_READ = 500
REVOCATIONS_PER_READ = 500


async def of_company(
    company_id: UUID,
    store: Store,
    traces: CompanyTraces,
    lines: AuditLines,
    months: Months,
    folder: Path | None,
    clock: Clock,
) -> AsyncIterator[dict[str, Any]]:
    """Each object with its `kind`, and no secret, for none is kept. Raises `Unavailable` and `OSError`.

    A month whose file is not in `folder` is an object of the kind `missing_month`.
    """
    now = instant(clock.now())
    for resource in reversed(IN_ORDER):
        column, before = "id" if resource is COMPANY else "company_id", None
        while True:
            async with store.reading() as reader:
                rows = await reader.list(resource, Listing(OBJECTS_PER_READ, before, {column: company_id}))
                shown = await present(reader, resource, rows, now)
            for item in shown:
                yield {"kind": resource.kind, **item}
            if len(rows) < OBJECTS_PER_READ:
                break
            before = rows[-1]["id"]
    async for item in _revocations(str(company_id), store):
        yield item
    for kind, read in (
        ("usage", traces.usage),
        ("refusal_trace", traces.refusals),
        ("webhook", traces.webhooks),
        ("person", traces.people),
        ("invitation", traces.invitations),
        ("portal_session", traces.portal_sessions),
        ("event", traces.events),
    ):
        for row in await read(company_id):
            yield {**row, "kind": kind}
    async for item in _trail(str(company_id), lines, months, folder):
        yield item


async def _revocations(company_id: str, store: Store) -> AsyncIterator[dict[str, Any]]:
    before = None
    while True:
        which = RevocationListing(REVOCATIONS_PER_READ, before, {"company_id": company_id})
        async with store.reading() as reader:
            found = await reader.revocations(which)
        for kept in found:
            yield {**asdict(kept), "kind": "revocation", "revoked": kept.kind}
        if len(found) < REVOCATIONS_PER_READ:
            break
        before = found[-1].number


async def _trail(
    company_id: str, lines: AuditLines, months: Months, folder: Path | None
) -> AsyncIterator[dict[str, Any]]:
    before = None
    while page := await lines.newest(AuditFilter(company_id=company_id), before, LINES_PER_READ):
        before = page[-1].seq
        for line in page:
            yield _shown(line)
    for month in reversed(await months.all()):
        if month.dropped:
            path = None if folder is None else folder / str(month.file)
            if path is None or not path.is_file():
                yield {"kind": "missing_month", "month": month.name, "file": month.file}
                continue
            for line in lines_of(path):
                if line.company_id == company_id:
                    yield _shown(line)


def _shown(line: Line) -> dict[str, Any]:
    return {
        "kind": "audit_line",
        "seq": line.seq,
        "at": line.at.isoformat(),
        "action": line.action,
        "actor": line.actor,
        "subject_kind": line.subject_kind,
        "subject": line.subject,
        "request_id": line.request_id,
        "detail": line.detail,
        "erased": line.erased_detail is not None,
    }
