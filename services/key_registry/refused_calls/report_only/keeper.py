"""Keeps what the processes count, and shows it to admins."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import company_names
from services.key_registry.access.visibility import company_listed
from services.key_registry.catalog.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.ports.store import Store
from services.key_registry.refused_calls.report_only.known_names import KnownNames
from services.key_registry.refused_calls.report_only.ports import (
    CalledRoutes,
    DayCount,
    ReportOnlyFilter,
    ReportOnlyStore,
)
from services.key_registry.refused_calls.report_only.scopes import report_only
from services.key_registry.refused_calls.report_only.tried_objects import TriedObject, ids_of, named
from shared.background_task import PeriodicTask, TaskOwner
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyList

PRUNE_INTERVAL_S = 3600.0
RESOURCE = "report_only"


class ReportOnlyPage(NamedTuple):
    counts: Sequence[DayCount]
    companies: Mapping[str | None, Row]
    """By id, as far as they still exist."""
    objects: Mapping[str, TriedObject]
    """Those whose stop is tried, in the same way."""
    cursor: str | None


class ReportOnlyKeeper(TaskOwner):
    """A token bound to a company sees that company's counts, and nothing of strangers."""

    def __init__(self, counts: ReportOnlyStore, store: Store, access: AccessControl, routes: CalledRoutes) -> None:
        self._counts = counts
        self._known_names = KnownNames(counts, store, routes)
        self._store = store
        self._access = access
        self.tasks = (PeriodicTask("report_only_pruning", counts.prune, interval=PRUNE_INTERVAL_S),)

    async def add(self, batch: ReportOnlyBatch) -> None:
        """Returns when it is durable. Raises `Unavailable`."""
        if batch.counts:
            await self._counts.add(batch)

    async def listed(self) -> ReportOnlyList:
        """The stops that are tried now, and the scopes that are report-only. Raises `Unavailable`."""
        stops, scopes = await self._counts.trials(), await self._counts.scopes()
        return ReportOnlyList(stops=tuple(stops), scopes=tuple(report_only(scopes)))

    async def page(
        self, admin: Admin, which: ReportOnlyFilter, name: str | None, page: PageRequest
    ) -> ReportOnlyPage:
        """The newest day's first. A company may be given by its prefix.

        `name` is that of a route, scope or limit, or the id or public name of an object whose stop is tried. Raises
        `Unprocessable` where nothing has that name: an empty page would say that nobody calls.
        """
        self._access.permit(admin, Operation.READ, RESOURCE)
        tried: Sequence[str] = ()
        async with self._store.reading() as reader:
            company_id = await company_listed(reader, admin, which.company_id)
            if name is not None and which.kind in (None, "stop"):
                tried = await ids_of(reader, admin, name)
        names = None if name is None else (name, *tried)
        found = await self._counts.newest(
            replace(which, company_id=company_id, names=names), seq_of_cursor(page.cursor), page.limit + 1
        )
        counts, cursor = page_of(found, page.limit, lambda count: cursor_of_seq(count.number))
        if name is not None and not (counts or tried or page.cursor):
            await self._known_names.require(admin, which.kind, name)
        async with self._store.reading() as reader:
            companies = await company_names(reader, {count.company_id or None for count in counts})
            objects = await named(reader, admin, {count.name for count in counts if count.kind == "stop"})
        return ReportOnlyPage(counts, companies, objects, cursor)
