"""Reading the audit trail: in pages for people, and whole for its verification."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.presentation import company_names
from services.key_registry.admin.visibility import company_listed
from services.key_registry.audit_trail.chain import AuditFilter, Line
from services.key_registry.audit_trail.ports import AuditLines, Checkpoints, KeptCheckpoint, Month, Months
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.storage.ports import Store

LINES_PER_READ = 1000


class AuditPage(NamedTuple):
    lines: Sequence[Line]
    companies: Mapping[str | None, Row]
    """Those that the lines are of, by id, as far as they still exist."""
    cursor: str | None
    archived: Sequence[Month] = ()
    """On the last page: the months whose lines are in files alone."""


class AuditReader:
    def __init__(
        self, lines: AuditLines, months: Months, checkpoints: Checkpoints, store: Store, access: AccessControl
    ) -> None:
        self._lines = lines
        self._months = months
        self._checkpoints = checkpoints
        self._store = store
        self._access = access

    async def page(self, admin: Admin, which: AuditFilter, page: PageRequest) -> AuditPage:
        """A token bound to a company sees the lines of that company alone. A company may be given by its prefix."""
        self._access.permit(admin, Operation.READ, "audit")
        async with self._store.reading() as reader:
            which = replace(which, company_id=await company_listed(reader, admin, which.company_id))
        lines = await self._lines.newest(which, seq_of_cursor(page.cursor), page.limit + 1)
        lines, cursor = page_of(lines, page.limit, lambda line: cursor_of_seq(line.seq))
        async with self._store.reading() as reader:
            companies = await company_names(reader, {line.company_id for line in lines})
        archived = [] if cursor else [month for month in await self._months.all() if month.dropped]
        return AuditPage(lines, companies, cursor, archived)

    async def checkpoints(self, admin: Admin, page: PageRequest) -> tuple[Sequence[KeptCheckpoint], str | None]:
        """The newest first, and the cursor to the next page. They concern all companies alike, and show none."""
        self._access.permit(admin, Operation.READ, "audit")
        found = await self._checkpoints.newest(seq_of_cursor(page.cursor), page.limit + 1)
        return page_of(found, page.limit, lambda checkpoint: cursor_of_seq(checkpoint.number))

    def permit(self, admin: Admin) -> None:
        """Raises `Forbidden`."""
        self._access.permit(admin, Operation.READ, "audit")


async def whole(lines: AuditLines) -> AsyncIterator[Line]:
    """Every line in order, fetched a thousand at a time."""
    seq = 0
    while chunk := await lines.following(seq, LINES_PER_READ):
        for line in chunk:
            yield line
        seq = chunk[-1].seq
