"""Whether somebody may act at all: their own status, and their company's."""

from uuid import UUID

from services.key_registry.catalog.resources import COMPANY
from services.key_registry.people.ports import PeopleReader, Person


async def why_refused(reader: PeopleReader, person: Person | None) -> str | None:
    """Why nobody may act as this person; None when they may. Its company has to be active as well."""
    if person is None:
        return "unknown"
    if person.status != "active":
        return person.status
    if person.company_id is None:
        return None
    return await why_company_refused(reader, person.company_id)


async def why_company_refused(reader: PeopleReader, company_id: UUID) -> str | None:
    """Why nobody may act for this company; None when they may."""
    company = await reader.find(COMPANY, company_id)
    status = "deleted" if company is None else company["status"]
    return None if status == "active" else f"company_{status}"
