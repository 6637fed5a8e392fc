"""Writing events, in the transaction of what they report."""

from collections.abc import Mapping
from typing import Any

from uuid_utils.compat import uuid7

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.lifecycle import DONE
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.ports.events import Event, EventWriter
from shared.logging import request_id
from shared.logging.redaction import redacted_value

_STOPPED = (Operation.SUSPEND, Operation.RESUME, Operation.REVOKE)
_OF_CREDENTIALS = (
    *_STOPPED,
    Operation.ROTATE,
    Operation.REVOKE_VERSION,
    Operation.RETIRE_VERSION,
    Operation.EXPIRE,
)
_PARENTS = ("company", "booking", "application")
TYPE_OF: Mapping[tuple[str, Operation], Any] = {
    **{
        (kind, operation): f"credential.{DONE[operation]}"
        for kind in EXPIRING_KINDS
        for operation in _OF_CREDENTIALS
    },
    **{(kind, operation): f"{kind}.{DONE[operation]}" for kind in _PARENTS for operation in _STOPPED},
}
"""The type of the event for each operation that has one."""


async def record(
    writer: EventWriter,
    type_: EventType,
    *,
    at: float,
    company_id: str | None,
    data: Mapping[str, Any],
    once: str | None = None,
) -> bool:
    """Write an event in the transaction of `writer`, as `store.writing` has it: with the rest of it, or not.

    It is listed by `GET /admin/v1/events` and goes to each webhook of the company and of the operator. `at` is in
    seconds since the epoch. `company_id` is None for what concerns the operator alone. `data` is JSON; whatever in
    it may be a secret is redacted. Of a credential, begin it with `data_of`.

    With `once`, a name of what is reported (`quota:<id>:2026-11:80`), it is written only where none of that name is
    kept (`PASSGATE_EVENTS_KEPT_DAYS`): a caller may report again what it may have reported. False: it was.
    """
    event = Event(uuid7(), type_, instant(at), company_id, request_id.get(), redacted_value(dict(data)))
    return await writer.append_event(event, once)


def data_of(resource: Resource, row: Row) -> dict[str, Any]:
    """What events say of an object: its kind, its id, and the name that people know it by."""
    named = {} if resource.name_column is None else {"name": row[resource.name_column]}
    return {"kind": resource.kind, "id": str(row["id"]), **named}


async def record_operation(
    writer: EventWriter,
    operation: Operation,
    resource: Resource,
    row: Row,
    detail: Mapping[str, Any] | None,
    at: float,
) -> None:
    """The event of an operation that has one; `row` is as it is after it."""
    type_: EventType | None = TYPE_OF.get((resource.kind, operation))
    if type_ is not None:
        owner = resource.company_of(row)
        company_id = str(owner) if owner else None
        await record(writer, type_, at=at, company_id=company_id, data={**data_of(resource, row), **(detail or {})})
