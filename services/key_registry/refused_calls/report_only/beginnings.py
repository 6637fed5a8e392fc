"""Who began a trial: the audit trail has it."""

from datetime import datetime, timedelta
from uuid import UUID

from services.key_registry.audit_trail.chain import AuditFilter
from services.key_registry.audit_trail.ports import AuditLines
from services.key_registry.catalog.field_types import format_instant
from services.key_registry.catalog.permissions import Admin
from services.key_registry.ports.trials import BegunBy
from shared.contracts.key_registry import Kind

LOOKED_BACK = timedelta(days=2)
"""Before a trial's end: longer than any trial."""


class Beginnings:
    def __init__(self, lines: AuditLines) -> None:
        self._lines = lines

    async def of(self, kind: Kind, id_: UUID, until: datetime) -> BegunBy | None:
        """Of the trial of this object that ends then; None where it is not known. Raises `Unavailable`."""
        which = AuditFilter(action=f"{kind}.stop_tried", subject=str(id_), after=until - LOOKED_BACK)
        for line in await self._lines.newest(which, None, 1):
            if line.detail.get("until") == format_instant(until):
                return _known(line.detail.get("begun_by"))
        return None


def side_of(admin: Admin) -> BegunBy:
    return "operator" if admin.company_id is None else "company"


def _known(text: object) -> BegunBy | None:
    return "operator" if text == "operator" else "company" if text == "company" else None
