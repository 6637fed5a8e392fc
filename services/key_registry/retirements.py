"""Secrets that retire by themselves: those who follow the changes, and the audit trail, learn of it.

Nobody waits for this: whoever checks a secret knows when it retires, and refuses it from that moment on.
"""

from functools import partial

from services.key_registry.admin.recorder import Recorder
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.storage.ports import Store
from shared.background_task import PeriodicTask
from shared.clock import Clock

INTERVAL_S = 1.0
AT_ONCE = 100
"""Secrets whose retirement is announced in one transaction."""
ACTOR = "service:key_registry"


def retirements(store: Store, clock: Clock) -> PeriodicTask:
    return PeriodicTask("retirements", partial(announce, store, clock), interval=INTERVAL_S)


async def announce(store: Store, clock: Clock) -> int:
    """Announce the secrets that have retired; how many. Raises `Unavailable`.

    Of many copies of the registry one does so: what is due is read again by the one that may write.
    """
    async with store.reading() as reader:
        if not await reader.retired(instant(clock.now()), 1):
            return 0
    recorder = Recorder(clock)
    async with store.writing() as writer:
        due = await writer.retired(instant(clock.now()), AT_ONCE)
        for retired in due:
            resource = RESOURCES[retired.kind]
            await writer.retirement_announced(retired)
            row = await writer.find(resource, retired.credential_id)
            if row is not None:
                detail = {"version": retired.version, "retired_at": format_instant(retired.retires_at)}
                await recorder.record(writer, ACTOR, Operation.RETIRE_VERSION, resource, row, detail)
    return len(due)
