"""All pages of the console, put together."""

from services.console.browser.visitors import Visitors
from services.console.gateway_routes import GatewayRoutes
from services.console.http.account.table import OwnPages
from services.console.http.applications import ApplicationPages
from services.console.http.bookings import BookingPages
from services.console.http.companies import CompanyPages
from services.console.http.credentials import CredentialPages
from services.console.http.limits import LimitPages
from services.console.http.lists.table import ListPages
from services.console.http.new_credentials import NewCredentialPages
from services.console.http.operations.documentation import DocumentationPages
from services.console.http.operations.table import OperationPages
from services.console.http.people.people import PeoplePages
from services.console.http.portal.table import PortalPages
from services.console.http.refused_calls import RefusedCallPages
from services.console.http.rights.applications import ApplicationPage, BookingStops
from services.console.http.rights.credentials import CredentialChangePages
from services.console.http.search import SearchPages
from services.console.http.sign_in.page import SignInPage
from services.console.http.sign_in.reauthentication import Reauthentication
from services.console.http.sign_in.table import SignInPages
from services.console.http.stops import Stops
from services.console.http.usage import RecentUsage
from services.console.pages.renderer import Renderer
from shared.clock import Clock
from shared.http.client import ServiceClient


class ConsolePages:
    """`gateway`: its public URL, without a final slash; `issuer`: the token issuer, which diagnoses."""

    def __init__(
        self,
        renderer: Renderer,
        visitors: Visitors,
        documentation: DocumentationPages,
        routes: GatewayRoutes,
        clock: Clock,
        *,
        gateway: str,
        issuer: ServiceClient,
    ) -> None:
        usage, stops = RecentUsage(clock), Stops(renderer, clock)
        sign_in = SignInPage(visitors, renderer)
        reauthentication = Reauthentication(visitors, renderer, sign_in)
        self.sign_in = SignInPages(visitors, renderer, sign_in, reauthentication)
        self.own = OwnPages(visitors, renderer, reauthentication)
        self.companies = CompanyPages(renderer, usage, stops)
        self.bookings = BookingPages(renderer, routes)
        self.new_credentials = NewCredentialPages(renderer, stops, routes, gateway)
        self.booking_stops = BookingStops(stops, self.new_credentials)
        self.credentials = CredentialPages(renderer, usage, stops, self.new_credentials)
        self.credential_changes = CredentialChangePages(renderer, routes)
        self.limits = LimitPages(renderer, routes)
        self.applications = ApplicationPages(renderer)
        self.application = ApplicationPage(renderer, stops, routes)
        self.people = PeoplePages(visitors, renderer)
        self.search = SearchPages(renderer)
        self.refused_calls = RefusedCallPages(renderer)
        self.lists = ListPages(renderer, clock)
        self.operations = OperationPages(renderer, clock, documentation, routes, issuer)
        self.portal = PortalPages(renderer, usage, clock, gateway=gateway, issuer=issuer)
