"""Refusals of which the audit trail has no line: they are counted."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from services.key_registry.people.refusals import RefusedForCause
from shared.audit.ports import RefusalAudit
from shared.http.client_address import ClientAddresses
from shared.http.endpoints import route_of


class UnrecordedRefusals:
    def __init__(self, audit: RefusalAudit, addresses: ClientAddresses) -> None:
        self._audit = audit
        self._addresses = addresses

    @contextmanager
    def counted(self, request: web.Request) -> Iterator[None]:
        """A refusal that is raised within is counted by its cause, unless the trail has a line of it."""
        try:
            yield
        except RefusedForCause as error:
            if error.person is None:
                client = self._addresses.of(request)
                self._audit.count_refusal(cause=error.cause, endpoint=route_of(request), client=client)
            raise
