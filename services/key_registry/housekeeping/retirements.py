"""Secrets that retire and credentials that expire: those who follow the changes, and the audit trail, learn of it.

Nobody waits for this to refuse a secret: whoever checks one knows when it ends. Access tokens that were issued
before the expiry was set end by it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.recorder import Recorder
from shared.background_task import PeriodicTask
from shared.clock import Clock
from shared.contracts.key_registry import Kind

INTERVAL_S = 1.0
AT_ONCE = 100
"""Secrets, and credentials, whose end is announced in one transaction."""
ACTOR = "service:key_registry"


def retirements(store: Store, clock: Clock) -> PeriodicTask:
    return PeriodicTask("retirements", partial(announce, store, clock), interval=INTERVAL_S)


async def announce(store: Store, clock: Clock) -> int:
    """Announce what has ended by itself; how many secrets and credentials. Raises `Unavailable`.

    Of many copies of the registry one does so: what is due is read again by the one that may write.
    """
    async with store.reading() as reader:
        now = instant(clock.now())
        if not await reader.retired(now, 1) and not await reader.expired(now, 1):
            return 0
    async with store.writing(by=None) as writer:
        now, recorder = instant(clock.now()), Recorder(clock)
        retired, expired = await writer.retired(now, AT_ONCE), await writer.expired(now, AT_ONCE)
        for version in retired:
            await writer.retirement_announced(version)
            detail = {"version": version.version, "retired_at": format_instant(version.retires_at)}
            await _record(writer, recorder, Operation.RETIRE_VERSION, version.kind, version.credential_id, detail)
        for credential in expired:
            await writer.expiry_announced(credential)
            await _record(writer, recorder, Operation.EXPIRE, credential.kind, credential.id, {})
    return len(retired) + len(expired)


async def _record(
    writer: Writer, recorder: Recorder, operation: Operation, kind: Kind, id_: UUID, detail: Mapping[str, Any]
) -> None:
    resource = RESOURCES[kind]
    row = await writer.find(resource, id_)
    if row is not None:
        await recorder.record(writer, ACTOR, operation, resource, row, detail)
