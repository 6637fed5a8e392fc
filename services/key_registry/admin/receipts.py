"""Receipts: of a change, which consumers have applied it, and how soon after its commit."""

import asyncio

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import name_of
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.responses import AppliedBy, Receipt
from services.key_registry.changes.consumers import Consumers
from services.key_registry.ports.changes import Changes
from services.key_registry.ports.consumers import Reached
from services.key_registry.ports.store import Store
from shared.contracts.key_registry import Change
from shared.errors import NotFound, Unavailable

MAX_WAIT_S = 10.0
DEFAULT_WAIT_S = 5.0
RECHECK_INTERVAL_S = 0.1
"""Between two readings while waiting: a consumer may have reported to another copy of the registry."""
MAX_WAITING = 64


class Receipts:
    """Its id is the position of the change. A receipt is there for as long as the change feed keeps it."""

    def __init__(self, changes: Changes, store: Store, consumers: Consumers, access: AccessControl) -> None:
        self._changes = changes
        self._store = store
        self._consumers = consumers
        self._access = access
        self._waiting = 0
        self._released = False

    async def show(self, admin: Admin, id_: int) -> Receipt:
        """Raises `NotFound` also for a change that is another company's, or of no company, to a bound token."""
        change = await self._change(admin, id_)
        return await self._receipt(change, await self._name(change))

    async def applied(self, admin: Admin, id_: int, max_wait: float) -> Receipt:
        """The receipt once all have applied the change, or as it is after `max_wait` seconds."""
        change = await self._change(admin, id_)
        if self._waiting >= MAX_WAITING:
            raise Unavailable("too many wait for receipts")
        self._waiting += 1
        try:
            return await self._awaited(
                change, await self._name(change), asyncio.get_running_loop().time() + max_wait
            )
        finally:
            self._waiting -= 1

    def release(self) -> None:
        """Respond to all who wait, with the present state; nobody waits from now on: the process is ending."""
        self._released = True
        self._consumers.wake_waiting()

    async def _awaited(self, change: Change, name: str | None, deadline: float) -> Receipt:
        while True:
            receipt = await self._receipt(change, name)
            left = deadline - asyncio.get_running_loop().time()
            if receipt.state == "applied" or left <= 0 or self._released:
                return receipt
            await self._consumers.changed(min(left, RECHECK_INTERVAL_S))

    async def _change(self, admin: Admin, id_: int) -> Change:
        self._access.permit(admin, Operation.READ, "receipt")
        change = await self._changes.find(id_)
        if change is None or (admin.company_id is not None and change.company_id != str(admin.company_id)):
            raise NotFound("there is no such receipt, or no longer")
        return change

    async def _name(self, change: Change) -> str | None:
        async with self._store.reading() as reader:
            return await name_of(reader, change.kind, change.id)

    async def _receipt(self, change: Change, name: str | None) -> Receipt:
        consumers = [_applied_by(change, reached) for reached in await self._consumers.reached(change.seq)]
        waiting = [consumer.instance for consumer in consumers if not consumer.applied]
        return Receipt(
            id=change.seq,
            kind=change.kind,
            subject=change.id,
            subject_name=name,
            status=change.status,
            at=instant(change.at),
            state="pending" if waiting else "applied",
            applied=len(consumers) - len(waiting),
            of=len(consumers),
            ms=max((c.ms for c in consumers if c.ms is not None), default=None),
            consumers=consumers,
            waiting_for=waiting,
        )


def _applied_by(change: Change, reached: Reached) -> AppliedBy:
    """One that joined after the change knew it from its start: it has no time."""
    ms = None
    if reached.applied_at is not None and reached.joined_at <= change.at:
        ms = round(max(0.0, reached.applied_at - change.at) * 1000, 1)
    return AppliedBy(service=reached.service, instance=reached.instance, applied=reached.applied, ms=ms)
