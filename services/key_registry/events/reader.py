"""Reading events in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.presentation import company_names
from services.key_registry.admin.visibility import identify
from services.key_registry.catalog.field_types import parse_reference
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import COMPANY, Row
from services.key_registry.events.ports import EventFilter, EventStore, KeptEvent
from services.key_registry.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.storage.ports import Reader, Store


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
        if which.company_id is not None:
            async with self._store.reading() as reader:
                which = replace(which, company_id=await _company_id(reader, which.company_id))
        if admin.company_id is not None:
            if which.company_id not in (None, str(admin.company_id)):
                return EventPage([], {}, None)
            which = replace(which, company_id=str(admin.company_id))
        found = await self._events.newest(which, seq_of_cursor(page.cursor), page.limit + 1)
        found, cursor = page_of(found, page.limit, lambda kept: cursor_of_seq(kept.number))
        async with self._store.reading() as reader:
            companies = await company_names(reader, {kept.event.company_id for kept in found})
        return EventPage(found, companies, cursor)


async def _company_id(reader: Reader, reference: str) -> str:
    """The id of the company with this prefix; what is none stays as it is, and matches nothing."""
    try:
        id_ = await identify(reader, COMPANY, parse_reference(reference))
    except ValueError:
        return reference
    return reference if id_ is None else str(id_)
