"""Links that work once: what is counted of those that open nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from services.key_registry.people.links import LinkInvalid
from services.key_registry.people.throttle import TooManySignIns
from shared.audit.trail import RefusalAudit
from shared.http.client_address import ClientAddress
from shared.http.endpoints import route_of


class LinkRefusals:
    def __init__(self, audit: RefusalAudit, addresses: ClientAddress) -> None:
        self._audit = audit
        self._addresses = addresses

    @contextmanager
    def counted(self, request: web.Request) -> Iterator[None]:
        """What is raised within is counted: a `LinkInvalid` by its cause, which nobody is told."""
        try:
            yield
        except (LinkInvalid, TooManySignIns) as error:
            client, cause = self._addresses.of(request), getattr(error, "cause", "throttled")
            self._audit.count_refusal(cause=cause, endpoint=route_of(request), client=client)
            raise
