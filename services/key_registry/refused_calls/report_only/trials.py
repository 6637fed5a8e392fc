"""Trying a stop: for an hour, or a day, what it would end is counted, and nothing is refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Written, present_one
from services.key_registry.access.visibility import Reference, find_visible
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.lifecycle import status_after
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Resource, Row
from services.key_registry.ports.store import Store
from services.key_registry.ports.trials import Trial
from services.key_registry.recording.recorder import append
from services.key_registry.refused_calls.report_only.beginnings import Beginnings, side_of
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.contracts.report_only import MAX_TRIAL_STOPS
from shared.errors import Conflict
from shared.logging import request_id

DEFAULT_TRIAL_S = 3600
MIN_TRIAL_S = 60
MAX_TRIAL_S = 86400


class Trials:
    """Who may stop an object may try it. Another trial of the same object takes the place of the one before.

    A company neither ends nor replaces a trial that the operator began.
    """

    def __init__(self, store: Store, access: AccessControl, beginnings: Beginnings, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._beginnings = beginnings
        self._clock = clock

    async def begin(
        self, admin: Admin, operation: Operation, resource: Resource, reference: Reference, seconds: int
    ) -> tuple[Written, Trial]:
        """The object, which is as it was, with its last change, and the trial.

        Raises `Forbidden`, `NotFound`, and `Conflict`: stopped so already, or tried by the operator.
        """
        self._access.permit(admin, operation, resource.kind)
        own = await self._companys_own(admin, resource, reference)
        async with self._store.writing(by=admin) as writer:
            row = await find_visible(writer, admin, resource, reference)
            self._access.permit_bound(admin, operation, resource)
            status: Literal["suspended", "revoked"] = "revoked" if operation is Operation.REVOKE else "suspended"
            if status_after(row["status"], operation) == row["status"]:
                raise Conflict(f"it is {row['status']} already: there is nothing to try")
            running = await writer.running_trial(row["id"])
            if running is not None and not _may_end(admin, running, own):
                ends = format_instant(running.until)
                raise Conflict(f"whoever runs the API tries a stop of it until {ends}: wait until that ends")
            now = instant(self._clock.now())
            owner = resource.company_of(row)
            until, side = now + timedelta(seconds=seconds), side_of(admin)
            trial = Trial(resource.kind, row["id"], owner, status, until, side)
            if not await writer.keep_trial(trial):
                raise Conflict(f"{MAX_TRIAL_STOPS} stops are tried already: wait until one ends")
            detail = {"status": status, "until": format_instant(until), "begun_by": side}
            event = _event("stop_tried", admin, resource, row, now, detail)
            await append(writer, [event])
            shown = await present_one(writer, resource, row, now)
            return Written(shown, await writer.last_change(str(row["id"]))), trial

    async def running(self, admin: Admin, resource: Resource, reference: Reference) -> Trial | None:
        """Raises `Forbidden` and `NotFound`."""
        self._access.permit(admin, Operation.READ, resource.kind)
        async with self._store.reading() as reader:
            row = await find_visible(reader, admin, resource, reference)
            found = await reader.running_trial(row["id"])
        if found is None:
            return None
        return replace(found, begun_by=await self._beginnings.of(resource.kind, row["id"], found.until))

    async def end(self, admin: Admin, resource: Resource, reference: Reference) -> None:
        """Before its time; nothing where none runs. Raises `NotFound`, and `Forbidden` also for a company's token
        where the operator began it."""
        self._access.permit(admin, Operation.SUSPEND, resource.kind)
        own = await self._companys_own(admin, resource, reference)
        async with self._store.writing(by=admin) as writer:
            row = await find_visible(writer, admin, resource, reference)
            self._access.permit_bound(admin, Operation.SUSPEND, resource)
            running = await writer.running_trial(row["id"])
            if running is not None and not _may_end(admin, running, own):
                why = "whoever runs the API began this trial, and alone can end it before its time"
                self._access.forbid(admin, Operation.SUSPEND, resource.kind, why)
            if await writer.end_trial(row["id"]):
                now = instant(self._clock.now())
                await append(writer, [_event("stop_trial_ended", admin, resource, row, now, {})])

    async def _companys_own(self, admin: Admin, resource: Resource, reference: Reference) -> Trial | None:
        """The one that runs, if `admin` is bound to a company and one of the company began it."""
        found = None if admin.company_id is None else await self.running(admin, resource, reference)
        return found if found is not None and found.begun_by == "company" else None


def _may_end(admin: Admin, running: Trial, own: Trial | None) -> bool:
    """`own`: read before the transaction, and so perhaps replaced since."""
    return admin.company_id is None or (own is not None and own.until == running.until)


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
