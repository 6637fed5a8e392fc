"""The console, put together."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.console.admin_api import AdminApiFactory
from services.console.browser.visitors import Visitors
from services.console.config import Settings
from services.console.http import endpoints
from services.console.http.applications import ApplicationPages
from services.console.http.assets import Assets
from services.console.http.bookings import BookingPages
from services.console.http.companies import CompanyPages
from services.console.http.credentials import CredentialPages
from services.console.http.limits import LimitPages
from services.console.http.new_credentials import NewCredentialPages
from services.console.http.operations.table import OperationPages
from services.console.http.people import PeoplePages
from services.console.http.portal.entrance import EntrancePages
from services.console.http.portal.table import PortalPages
from services.console.http.rights.applications import ApplicationPage, BookingStops
from services.console.http.rights.credentials import CredentialChangePages
from services.console.http.search import SearchPages
from services.console.http.sign_in import SignInPages
from services.console.http.signed_in import Sessions
from services.console.http.stops import Stops
from services.console.http.support import SupportPages
from services.console.http.usage import RecentUsage
from services.console.pages.renderer import Renderer
from shared.clock import Clock, SystemClock
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import CLIENT_ADDRESS_PURPOSE
from shared.http.forwarded_for import TrustedProxies
from shared.http.health import Health
from shared.service_tokens import ServiceIdentity

NAME = "console"
REGISTRY = "key_registry"


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    client = ServiceClient(settings.key_registry_url, timeout=settings.registry_timeout)
    issuer = ServiceClient(settings.token_issuer_url, timeout=settings.registry_timeout)
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    api = AdminApiFactory(client, identity.authorization_for(REGISTRY, purpose=CLIENT_ADDRESS_PURPOSE))
    assets = Assets.load()
    renderer = Renderer(assets.urls)
    visitors = Visitors(api, TrustedProxies(settings.trusted_proxies))
    sessions = Sessions(visitors, renderer)
    usage, stops = RecentUsage(clock), Stops(clock)
    new = NewCredentialPages(renderer, stops)
    health = Health(NAME)
    health.add(REGISTRY, lambda: client.get("/health/ready"))
    return service_app(
        NAME,
        endpoints(
            renderer,
            assets,
            sessions,
            SignInPages(visitors, renderer),
            EntrancePages(visitors, renderer),
            CompanyPages(renderer, usage, stops),
            BookingPages(renderer),
            new,
            CredentialPages(renderer, usage, stops),
            LimitPages(renderer),
            ApplicationPages(renderer),
            ApplicationPage(renderer, stops),
            BookingStops(renderer, stops, new),
            CredentialChangePages(renderer),
            PeoplePages(visitors, renderer),
            SearchPages(renderer),
            SupportPages(renderer),
            OperationPages(renderer, clock),
            PortalPages(renderer, usage, clock, gateway=settings.issuer, issuer=issuer),
        ),
        health=health,
        addresses=visitors,
        metrics=CollectorRegistry(),
        resources=[client, issuer],
        description="Pages for people. Programs use the admin API of the key registry.",
    )
