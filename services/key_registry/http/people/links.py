"""Links that work once: what is counted of those that open nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from services.key_registry.people.links.invalid import LinkInvalid
from shared.audit.trail import RefusalAudit
from shared.http.client_address import ClientAddress
from shared.http.endpoints import route_of


class LinkRefusals:
    def __init__(self, audit: RefusalAudit, addresses: ClientAddress) -> None:
        self._audit = audit
        self._addresses = addresses

    @contextmanager
    def counted(self, request: web.Request) -> Iterator[None]:
        """A `LinkInvalid` within is counted by its cause, which nobody is told, and raised."""
        try:
            yield
        except LinkInvalid as error:
            client = self._addresses.of(request)
            self._audit.count_refusal(cause=error.cause, endpoint=route_of(request), client=client)
            raise
