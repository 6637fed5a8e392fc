"""Reading the audit trail: in pages for people, and whole for its verification."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from services.key_registry.admin.access import AccessControl
from services.key_registry.audit_trail import AuditFilter, Line
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.storage.ports import AuditLines

CHUNK = 1000


class AuditReader:
    def __init__(self, lines: AuditLines, access: AccessControl) -> None:
        self._lines = lines
        self._access = access

    async def page(self, admin: Admin, which: AuditFilter, page: PageRequest) -> tuple[Sequence[Line], str | None]:
        """A token bound to a company sees the lines of that company alone."""
        self._access.permit(admin, Operation.READ, "audit")
        if admin.company_id is not None:
            if which.company_id not in (None, str(admin.company_id)):
                return [], None
            which = replace(which, company_id=str(admin.company_id))
        lines = await self._lines.newest(which, seq_of_cursor(page.cursor), page.limit + 1)
        return page_of(lines, page.limit, lambda line: cursor_of_seq(line.seq))


async def whole(lines: AuditLines) -> AsyncIterator[Line]:
    """Every line in order, fetched a thousand at a time."""
    seq = 0
    while chunk := await lines.following(seq, CHUNK):
        for line in chunk:
            yield line
        seq = chunk[-1].seq
