"""`export-company` and `erase-company`. Each returns the exit status."""

import asyncio
from uuid import UUID

import orjson

from services.key_registry.access.visibility import identify
from services.key_registry.audit_trail.archive_file import InvalidArchive
from services.key_registry.audit_trail.archiving import ArchiveBusy
from services.key_registry.audit_trail.chain import BrokenTrail
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.commands.database import EXPORT_TIMEOUT_S, failed, succeeded, with_database
from services.key_registry.composition.audit_trail import archive_of
from services.key_registry.config import Settings
from services.key_registry.privacy.dialogue import confirmed, report
from services.key_registry.privacy.erasure import CompanyErasure
from services.key_registry.privacy.export import of_company
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from services.key_registry.storage.postgres.company_traces import PostgresCompanyTraces
from services.key_registry.storage.postgres.store import PostgresStore
from shared.clock import SystemClock
from shared.console import print_line
from shared.postgres.pool import Database

NO_COMPANY = "there is no company with the id or client prefix {!r}"


def export_company(settings: Settings, *, company: UUID | str) -> int:
    """Writes all that there is of a company to standard output, as JSON Lines; 1 also when nobody could read it."""

    async def export(database: Database) -> int:
        store = PostgresStore(database)
        if (company_id := await _company_id(store, company)) is None:
            return failed(NO_COMPANY.format(company))
        found = of_company(
            company_id,
            store,
            PostgresCompanyTraces(database),
            PostgresAuditLines(database),
            PostgresMonths(database),
            settings.audit_archive_dir,
            SystemClock(),
        )
        async for item in found:
            if not print_line(orjson.dumps(item).decode()):
                return failed("the company could not be written whole")
        return 0

    return asyncio.run(with_database(settings, export))


def erase_company(settings: Settings, *, company: UUID | str, yes: bool = False) -> int:
    """Erases what there is of a company that is revoked, after a question unless `yes`; reports what remains."""

    async def erase(database: Database) -> int:
        store, lines = PostgresStore(database), PostgresAuditLines(database)
        archive = archive_of(settings, database)
        if archive is None and any(month.file for month in await PostgresMonths(database).all()):
            return failed("months of the audit trail are in files: set PASSGATE_AUDIT_ARCHIVE_DIR", status=2)
        if (company_id := await _company_id(store, company)) is None:
            return failed(NO_COMPANY.format(company))
        async with store.reading() as reader:
            row = await reader.find(COMPANY, company_id)
        erasure = CompanyErasure(store, PostgresCompanyTraces(database), lines, archive, SystemClock())
        await erasure.check(company_id)
        if row is not None and not yes and not confirmed(row["client_prefix"], input):
            return failed("nothing was erased", status=2)
        try:
            erased = await erasure.erase(company_id)
        except (ArchiveBusy, BrokenTrail, InvalidArchive, OSError) as error:
            return failed(f"not all was erased, run it again with {company_id}: {error}")
        return succeeded(report(erased))

    return asyncio.run(with_database(settings, erase, patience=EXPORT_TIMEOUT_S))


async def _company_id(store: PostgresStore, reference: UUID | str) -> UUID | None:
    async with store.reading() as reader:
        return await identify(reader, COMPANY, reference)
