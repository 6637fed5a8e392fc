"""Reading what refused calls met, by request or in pages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import company_names, names_by_public_id
from services.key_registry.access.visibility import company_listed
from services.key_registry.catalog.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.ports.store import Store
from services.key_registry.refused_calls.refusal_traces.ports import KeptTrace, TraceFilter, TraceStore
from shared.contracts.refusal_traces import RefusalTrace
from shared.errors import NotFound

MAX_OF_REQUEST = 20
"""Traces of one request: a client may have chosen the id of another's."""
OUTERMOST = "gateway"
NOT_KEPT = (
    "no refusal of this request is kept, which does not say that it was served: of many refusals with one cause "
    "and from one address only some are kept, and none for longer than seven days"
)


class TraceNames(NamedTuple):
    """What people know companies and credentials by, as far as they exist."""

    companies: Mapping[str | None, Row]
    """By id."""
    credentials: Mapping[tuple[str, str], str]
    """By kind and public id."""


class TraceReader:
    """A token bound to a company sees the refusals of that company's own credentials, and nothing of strangers."""

    def __init__(self, traces: TraceStore, store: Store, access: AccessControl) -> None:
        self._traces = traces
        self._store = store
        self._access = access

    async def of_request(self, admin: Admin, request_id: str) -> Sequence[RefusalTrace]:
        """The gateway's first, then those of the services in order. Raises `NotFound` when there are none."""
        self._access.permit(admin, Operation.READ, "decision")
        company_id = None if admin.company_id is None else str(admin.company_id)
        found = await self._traces.of_request(request_id, company_id, MAX_OF_REQUEST)
        if not found:
            raise NotFound(NOT_KEPT)
        return sorted((kept.trace for kept in found), key=lambda trace: (trace.service != OUTERMOST, trace.at))

    async def page(
        self, admin: Admin, which: TraceFilter, page: PageRequest
    ) -> tuple[Sequence[KeptTrace], str | None]:
        """The newest first. A company may be given by its prefix."""
        self._access.permit(admin, Operation.READ, "decision")
        async with self._store.reading() as reader:
            which = replace(which, company_id=await company_listed(reader, admin, which.company_id))
        found = await self._traces.newest(which, seq_of_cursor(page.cursor), page.limit + 1)
        return page_of(found, page.limit, lambda kept: cursor_of_seq(kept.number))

    async def names(self, admin: Admin, traces: Sequence[RefusalTrace]) -> TraceNames:
        """Of what they are about."""
        async with self._store.reading() as reader:
            return TraceNames(
                await company_names(reader, {trace.company_id for trace in traces}),
                await names_by_public_id(
                    reader, {(trace.credential_kind, trace.credential) for trace in traces}, admin.company_id
                ),
            )
