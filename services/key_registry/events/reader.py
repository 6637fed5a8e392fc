"""Reading events in pages."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import company_names
from services.key_registry.access.visibility import company_listed
from services.key_registry.catalog.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import RESOURCES, Row
from services.key_registry.events.ports import EventFilter, EventStore, KeptEvent
from services.key_registry.ports.events import Event
from services.key_registry.ports.store import Reader, Store
from shared.identifiers import UUID_FORM


class EventPage(NamedTuple):
    events: Sequence[KeptEvent]
    companies: Mapping[str | None, Row]
    """Those that the events concern, by id, as far as they still exist."""
    present: Collection[str]
    """The ids of what the events happened to, as far as it still exists."""
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
            present = await _present(reader, [kept.event for kept in found])
        return EventPage(found, companies, present, cursor)


async def _present(reader: Reader, events: Sequence[Event]) -> set[str]:
    wanted: defaultdict[str, set[UUID]] = defaultdict(set)
    for event in events:
        kind, id_ = str(event.data.get("kind")), str(event.data.get("id"))
        if kind in RESOURCES and UUID_FORM.fullmatch(id_):
            wanted[kind].add(UUID(id_))
    return {
        str(row["id"])
        for kind, resource in RESOURCES.items()
        if kind in wanted
        for row in await reader.find_all(resource, wanted[kind])
    }
