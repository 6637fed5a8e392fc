"""Trying a stop: for an hour, or a day, what it would end is counted, and nothing is refused."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.presentation import Object, present_one
from services.key_registry.admin.recorder import append
from services.key_registry.admin.visibility import Reference, find_visible
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.lifecycle import status_after
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.report_only.ports import RunningTrial, Trial
from services.key_registry.storage.ports import Store
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.contracts.report_only import MAX_TRIAL_STOPS
from shared.errors import Conflict
from shared.logging import request_id

DEFAULT_TRIAL_S = 3600
MIN_TRIAL_S = 60
MAX_TRIAL_S = 86400


class Tried(NamedTuple):
    """The object, which is as it was, and its trial."""

    response: Object
    receipt: int
    """Of the object's last change."""
    trial: Trial


class StopTrials:
    """Who may stop an object may try it. Another trial of the same object takes the place of the one before."""

    def __init__(self, store: Store, access: AccessControl, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    async def begin(
        self, admin: Admin, operation: Operation, resource: Resource, reference: Reference, seconds: int
    ) -> Tried:
        """Raises `Forbidden`, `NotFound`, and `Conflict` for what is stopped so already."""
        self._access.permit(admin, operation, resource.kind)
        async with self._store.writing(by=admin) as writer:
            row = await find_visible(writer, admin, resource, reference)
            self._access.permit_bound(admin, operation, resource)
            status: Literal["suspended", "revoked"] = "revoked" if operation is Operation.REVOKE else "suspended"
            if status_after(row["status"], operation) == row["status"]:
                raise Conflict(f"it is {row['status']} already: there is nothing to try")
            now = instant(self._clock.now())
            owner = resource.company_of(row)
            trial = Trial(resource.kind, row["id"], owner, status, now + timedelta(seconds=seconds))
            if not await writer.keep_trial(trial):
                raise Conflict(f"{MAX_TRIAL_STOPS} stops are tried already: wait until one ends")
            detail = {"status": status, "until": format_instant(trial.until)}
            event = _event("stop_tried", admin, resource, row, now, detail)
            await append(writer, [event])
            shown = await present_one(writer, resource, row, now)
            return Tried(shown, await writer.last_change(str(row["id"])), trial)

    async def running(self, admin: Admin, resource: Resource, reference: Reference) -> RunningTrial | None:
        """Raises `Forbidden` and `NotFound`."""
        self._access.permit(admin, Operation.READ, resource.kind)
        async with self._store.reading() as reader:
            row = await find_visible(reader, admin, resource, reference)
            return await reader.running_trial(row["id"])

    async def end(self, admin: Admin, resource: Resource, reference: Reference) -> None:
        """Before its time; nothing where none runs. Who may begin one may end it: raises as `begin`."""
        self._access.permit(admin, Operation.SUSPEND, resource.kind)
        async with self._store.writing(by=admin) as writer:
            row = await find_visible(writer, admin, resource, reference)
            self._access.permit_bound(admin, Operation.SUSPEND, resource)
            if await writer.end_trial(row["id"]):
                now = instant(self._clock.now())
                await append(writer, [_event("stop_trial_ended", admin, resource, row, now, {})])


def _event(
    what: str, admin: Admin, resource: Resource, row: Row, at: datetime, detail: dict[str, str]
) -> AuditEvent:
    owner = resource.company_of(row)
    return AuditEvent(
        action=f"{resource.kind}.{what}",
        actor=admin.actor,
        subject_kind=resource.kind,
        subject=str(row["id"]),
        company_id=str(owner) if owner else None,
        request_id=request_id.get(),
        at=at.timestamp(),
        detail=detail,
    )
