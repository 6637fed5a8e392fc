"""Quotas that are nearly or wholly used become events, each once in its period, whoever reports it."""

from collections.abc import Sequence
from uuid import UUID

from services.key_registry.catalog.event_types import EventType
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.ports.store import Store, Writer
from services.key_registry.recording.events import data_of, record
from shared.contracts.limits import QuotaNotice


class QuotaNotices:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, notices: Sequence[QuotaNotice]) -> None:
        """Returns when their events are durable. Of an object that is gone there is none."""
        async with self._store.writing(by=None) as writer:
            for notice in notices:
                await _record(writer, notice)


async def _record(writer: Writer, notice: QuotaNotice) -> None:
    resource = RESOURCES[notice.kind]
    row = await writer.find(resource, UUID(notice.id))
    if row is None:
        return
    owner = resource.company_of(row)
    type_: EventType = "quota.used" if notice.percent == 100 else "quota.nearly_used"
    await record(
        writer,
        type_,
        at=notice.at,
        company_id=str(owner) if owner else None,
        data={**data_of(resource, row), "calls": notice.calls, "period": notice.period},
        once=f"quota:{notice.id}:{notice.period}:{notice.calls}:{notice.percent}",
    )
