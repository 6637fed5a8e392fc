"""Which objects exist for an admin, and which object a request means by an id or a public name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.key_registry.catalog.expiry import ExpiresSoon
from services.key_registry.catalog.field_types import parse_reference
from services.key_registry.catalog.paging import PageRequest
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import APPLICATION, BOOKING, COMPANY, RESOURCES, Resource, Row
from services.key_registry.ports.store import Listing, Reader
from shared.errors import NotFound, Unprocessable

Reference = UUID | str
"""An id, or a public name."""

REFERENCES: Mapping[str, Resource] = {f"{r.kind}_id": r for r in RESOURCES.values()} | {
    "client_prefix": COMPANY,
    "application_prefix": APPLICATION,
}
"""The filters that refer to an object, with its kind."""
NO_COMPANY = str(UUID(int=0))
"""In place of a company's id where there is none to find: no company has it."""


async def identify(reader: Reader, resource: Resource, reference: Reference) -> UUID | None:
    """The id that `reference` means, whoever the caller is; of an id, itself.

    A booking is `client_prefix:application_prefix`: where one was revoked and the application booked again, the
    one that is not revoked is meant.
    """
    if isinstance(reference, UUID):
        return reference
    if resource is not BOOKING:
        return await reader.identify(resource, reference)
    client_prefix, _, application_prefix = reference.partition(":")
    company_id = await reader.identify(COMPANY, client_prefix)
    application_id = await reader.identify(APPLICATION, application_prefix)
    if company_id is None or application_id is None:
        return None
    booking = {"company_id": company_id, "application_id": application_id}
    for more in ({"status": "active"}, {"status": "suspended"}, {}):
        if found := await reader.list(BOOKING, Listing(1, equals={**booking, **more})):
            return UUID(bytes=found[0]["id"].bytes)
    return None


async def company_listed(reader: Reader, admin: Admin, reference: str | None) -> str | None:
    """The id of the company whose entries a list is to have; None for those of all.

    `reference` is what the request names, by id or prefix. What does not exist, or is not the admin's to see, comes
    to `NO_COMPANY`.
    """
    company_id = None if reference is None else await _company_id(reader, reference)
    if admin.company_id is None:
        return company_id
    own = str(admin.company_id)
    return own if company_id in (None, own) else NO_COMPANY


async def company_id_listed(reader: Reader, admin: Admin, reference: str | None) -> UUID | None:
    """As `company_listed`."""
    id_ = await company_listed(reader, admin, reference)
    return None if id_ is None else UUID(id_)


async def _company_id(reader: Reader, reference: str) -> str:
    try:
        id_ = await identify(reader, COMPANY, parse_reference(reference))
    except ValueError:
        return NO_COMPANY
    return NO_COMPANY if id_ is None else str(id_)


async def find_visible(reader: Reader, admin: Admin, resource: Resource, reference: Reference) -> Row:
    """Raises `NotFound`, for what is absent and for what is another company's alike."""
    id_ = await identify(reader, resource, reference)
    row = None if id_ is None else await reader.find(resource, id_)
    if row is None or not await _visible(reader, admin, resource, row):
        raise NotFound(f"there is no such {resource.noun}")
    return row


async def visible_listing(
    reader: Reader, admin: Admin, resource: Resource, page: PageRequest, now: datetime
) -> Listing | None:
    """What is to be listed of what the admin may see; None when nothing can match the filters."""
    filters = dict(page.filters)
    words = filters.pop("q", ())
    soon: bool | None = filters.pop("expires_soon", None)
    limited: bool | None = filters.pop("limited", None)
    has_scopes: bool | None = filters.pop("has_scopes", None)
    equals: dict[str, Any] = {}
    wanted = list(filters.items())
    if admin.company_id is not None and resource is not APPLICATION:
        wanted.append(("id" if resource is COMPANY else "company_id", admin.company_id))
    for name, value in wanted:
        referred = REFERENCES.get(name, resource)
        if referred is not resource:
            name, value = f"{referred.kind}_id", await identify(reader, referred, value)
            if value is None:
                return None
        if equals.setdefault(name, value) != value:
            return None
    before = None if page.cursor is None else UUID(bytes=page.cursor)
    booked_by = admin.company_id if resource is APPLICATION else None
    expires_soon = None if soon is None else ExpiresSoon(soon, now)
    return Listing(page.limit + 1, before, equals, words, booked_by, expires_soon, limited, has_scopes)


async def _visible(reader: Reader, admin: Admin, resource: Resource, row: Row) -> bool:
    if admin.company_id is None or resource.company_of(row) == admin.company_id:
        return True
    if resource is not APPLICATION:
        return False
    return bool(await reader.list(APPLICATION, Listing(1, equals={"id": row["id"]}, booked_by=admin.company_id)))


async def bound_company(reader: Reader, admin: Admin, reference: Reference | None) -> UUID | None:
    """The company that something new of an admin's is to be bound to; None: the operator's own.

    Without a `reference` it is the admin's own. Raises `Unprocessable` naming `company_id`.
    """
    if reference is None:
        return admin.company_id
    try:
        company = await find_visible(reader, admin, COMPANY, reference)
    except NotFound:
        raise Unprocessable.field("company_id", "does not refer to an existing company") from None
    if company["status"] == "revoked":
        raise Unprocessable.field("company_id", "refers to a revoked company")
    id_: UUID = company["id"]
    return id_
