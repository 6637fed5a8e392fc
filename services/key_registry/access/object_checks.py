"""What a new or changed object must fulfil beside what its body says by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.access.visibility import Reference, find_visible
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import RESOURCES, Parent, Resource, Row
from services.key_registry.ports.store import Reader
from shared.errors import FieldError, NotFound, Unprocessable
from shared.scopes import covered


async def new_row(reader: Reader, admin: Admin, resource: Resource, columns: Row, now: datetime) -> Row:
    """The whole row: `columns`, what it takes over from its parents, and what every object has.

    Raises `Unprocessable` naming each member that is wrong.
    """
    times = dict.fromkeys(("created_at", "updated_at", "status_at"), now)
    row: Row = {**columns, **times, "id": uuid7(), "status": "active"}
    if admin.company_id is not None and row.get("company_id", ...) is None:
        row["company_id"] = admin.company_id
    errors = []
    for parent in resource.parents:
        if row[parent.member] is None:
            continue
        try:
            found = await _parent(reader, admin, parent, row[parent.member])
            row |= {parent.member: found["id"], **{name: found[name] for name in parent.inherited}}
        except ValueError as error:
            errors.append(FieldError(parent.member, str(error)))
    if errors:
        raise Unprocessable("some members are wrong", errors=errors)
    await check(reader, admin, resource, row, columns, now)
    return row


async def check(
    reader: Reader, admin: Admin, resource: Resource, row: Row, given: Mapping[str, Any], now: datetime
) -> None:
    """That `row` may be stored, in which the members `given` are new. Raises `Unprocessable`."""
    if resource.check is not None:
        resource.check(row)
    expires_at = given.get("expires_at")
    if expires_at is not None and expires_at <= now:
        raise Unprocessable.field("expires_at", "must be in the future")
    if "scopes" in given and admin.company_id is not None:
        await _check_booked(reader, admin.company_id, row["scopes"])


async def _parent(reader: Reader, admin: Admin, parent: Parent, reference: Reference) -> Row:
    kind = RESOURCES[parent.kind]
    try:
        found = await find_visible(reader, admin, kind, reference)
    except NotFound:
        raise ValueError(f"does not refer to an existing {kind.noun}") from None
    if found["status"] == "revoked":
        raise ValueError(f"refers to a revoked {kind.noun}")
    return found


async def _check_booked(reader: Reader, company_id: UUID, scopes: Sequence[str]) -> None:
    """A token bound to a company grants no more than what that company has booked."""
    booked = await reader.booked_scopes(company_id)
    for scope in scopes:
        if not covered(booked, scope):
            raise Unprocessable.field("scopes", f"{scope} is of no application that the company has booked")
