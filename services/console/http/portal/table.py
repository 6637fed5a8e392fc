"""The table of the pages of a company's own people."""

from collections.abc import Callable

from services.console.http.portal.calls import CallPages
from services.console.http.portal.doctor import DoctorPages
from services.console.http.portal.home import HomePages
from services.console.http.portal.people import PortalPeoplePages
from services.console.http.portal.refused_calls import OwnRefusedCallPages
from services.console.http.portal.usage import UsagePages
from services.console.http.signed_in import FormHandler, PageHandler
from services.console.http.usage import RecentUsage
from services.console.pages.renderer import Renderer
from shared.clock import Clock
from shared.http.client import ServiceClient
from shared.http.endpoints import Endpoint


class PortalPages:
    """`gateway`: its public URL, without a final slash; `issuer`: the token issuer, which diagnoses."""

    def __init__(
        self, renderer: Renderer, usage: RecentUsage, clock: Clock, *, gateway: str, issuer: ServiceClient
    ) -> None:
        self.home = HomePages(renderer, usage, clock)
        self.calls = CallPages(renderer, gateway)
        self.usage = UsagePages(renderer, usage, clock)
        self.refused_calls = OwnRefusedCallPages(renderer)
        self.people = PortalPeoplePages(renderer)
        self.doctor = DoctorPages(renderer, issuer)


def portal_endpoints(
    pages: PortalPages,
    page: Callable[[str, PageHandler, str], Endpoint],
    form: Callable[[str, FormHandler, str], Endpoint],
) -> list[Endpoint]:
    return [
        page("/portal", pages.home.show, "Where a company's people begin"),
        page("/portal/arrivals", pages.home.arrivals, "The part of a company's home that changes"),
        page("/portal/how-to-call", pages.calls.show, "Code that calls"),
        page("/portal/usage", pages.usage.show, "Usage against limits"),
        page("/portal/usage/{kind}", pages.usage.of_kind, "Limits of all credentials of one kind"),
        page("/portal/refused-calls", pages.refused_calls.list, "Refused calls"),
        page("/portal/refused-calls/{request_id}", pages.refused_calls.show, "A refused call, and how to fix it"),
        page("/portal/sessions", pages.people.sessions, "Portal sessions of the company"),
        form("/portal/sessions/{id}/end", pages.people.end, "End a portal session"),
        page("/portal/activity", pages.people.activity, "What people did"),
        page("/portal/doctor", pages.doctor.show, "What is wrong with a token"),
        form("/portal/doctor", pages.doctor.diagnose, "Examine a token"),
    ]
