"""Reading events in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.presentation import company_names
from services.key_registry.admin.visibility import company_listed
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.events.ports import EventFilter, EventStore, KeptEvent
from services.key_registry.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.storage.ports import Store


class EventPage(NamedTuple):
    events: Sequence[KeptEvent]
    companies: Mapping[str | None, Row]
    """Those that the events concern, by id, as far as they still exist."""
    cursor: str | None


class EventReading:
    """A token bound to a company sees the events of that company alone."""

    def __init__(self, events: EventStore, store: Store, access: AccessControl) -> None:
        self._events = events
        self._store = store
        self._access = access

    async def page(self, admin: Admin, which: EventFilter, page: PageRequest) -> EventPage:
        """The newest first. A company may be given by its prefix."""
        self._access.permit(admin, Operation.READ, "event")
        async with self._store.reading() as reader:
            which = replace(which, company_id=await company_listed(reader, admin, which.company_id))
        found = await self._events.newest(which, seq_of_cursor(page.cursor), page.limit + 1)
        found, cursor = page_of(found, page.limit, lambda kept: cursor_of_seq(kept.number))
        async with self._store.reading() as reader:
            companies = await company_names(reader, {kept.event.company_id for kept in found})
        return EventPage(found, companies, cursor)
