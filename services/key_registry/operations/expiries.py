"""Credentials in the order in which they end, and how many end on each day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import present
from services.key_registry.access.visibility import NO_COMPANY, company_listed
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.paging import PageRequest, page_of
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.operations.ports import KINDS, Expiring, ExpiryPlace, ExpiryStore
from services.key_registry.operations.responses import ExpiryDay, ExpiryDays, ExpiryResponse
from services.key_registry.ports.store import Reader, Store
from shared.clock import Clock
from shared.contracts.key_registry import Kind

KIND = "expiry"
DEFAULT_DAYS = 90
MAX_DAYS = 366
MAX_COUNTED = 20_000
"""Of each kind, the first to end: what ends later is not counted, and the response says so."""
TIE_BYTES = 8


class Expiries:
    def __init__(self, expiries: ExpiryStore, store: Store, access: AccessControl, clock: Clock) -> None:
        self._expiries = expiries
        self._store = store
        self._access = access
        self._clock = clock

    async def page(
        self, admin: Admin, company: str | None, start: datetime | None, end: datetime | None, page: PageRequest
    ) -> tuple[list[ExpiryResponse], str | None]:
        """The first to end first, from now on unless `start` says otherwise, and the cursor to the next page."""
        self._access.permit(admin, Operation.READ, KIND)
        now = instant(self._clock.now())
        start = start or now
        end = end or start + timedelta(days=DEFAULT_DAYS)
        async with self._store.reading() as reader:
            listed = await company_listed(reader, admin, company)
        if listed == NO_COMPANY or start >= end:
            return [], None
        after = None if page.cursor is None else place_of(page.cursor)
        company_id = None if listed is None else UUID(listed)
        found = await self._expiries.page(start, end, company_id, after, page.limit + 1)
        shown, cursor = page_of(found, page.limit, cursor_of)
        async with self._store.reading() as reader:
            return await _presented(reader, shown, now), cursor

    async def days(self, admin: Admin, company: str | None, days: int) -> ExpiryDays:
        """From today on, in UTC; a day on which none ends is left out."""
        self._access.permit(admin, Operation.READ, KIND)
        now = instant(self._clock.now())
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._store.reading() as reader:
            listed = await company_listed(reader, admin, company)
        counts: Mapping[tuple[date, Kind], int] = {}
        if listed != NO_COMPANY:
            company_id = None if listed is None else UUID(listed)
            counts = await self._expiries.days(now, today + timedelta(days=days), company_id, MAX_COUNTED)
        return _days(counts)


def _days(counts: Mapping[tuple[date, Kind], int]) -> ExpiryDays:
    by_day: defaultdict[date, dict[Kind, int]] = defaultdict(dict)
    by_kind: defaultdict[Kind, int] = defaultdict(int)
    for (day, kind), number in counts.items():
        by_day[day][kind] = number
        by_kind[kind] += number
    cut = [kind for kind, number in by_kind.items() if number >= MAX_COUNTED]
    until = min((max(day for day, of in counts if of == kind) for kind in cut), default=None)
    items = [
        ExpiryDay(day=day, credentials=sum(kinds.values()), kinds=kinds)
        for day, kinds in sorted(by_day.items())
        if until is None or day < until
    ]
    return ExpiryDays(items=items, counted_until=until)


def cursor_of(last: Expiring) -> bytes:
    microseconds = (last.expires_at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    return microseconds.to_bytes(16 - TIE_BYTES) + last.tie


def place_of(cursor: bytes) -> ExpiryPlace:
    microseconds = min(int.from_bytes(cursor[:-TIE_BYTES]), 253_402_300_799_000_000)
    return ExpiryPlace(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds), cursor[-TIE_BYTES:])


async def _presented(reader: Reader, found: Sequence[Expiring], now: datetime) -> list[ExpiryResponse]:
    """In their order; without what was deleted since it was found."""
    objects: dict[UUID, Mapping[str, Any]] = {}
    for kind in KINDS:
        resource, ids = RESOURCES[kind], [each.id for each in found if each.kind == kind]
        for item in await present(reader, resource, await reader.find_all(resource, ids), now) if ids else ():
            objects[UUID(item["id"])] = {**item, "name": resource.given_name(item)}
    shown = []
    for each in found:
        if (found_object := objects.get(each.id)) is not None:
            members = {name: found_object.get(name) for name in ExpiryResponse.model_fields}
            shown.append(ExpiryResponse.model_validate({**members, "kind": each.kind}))
    return shown
