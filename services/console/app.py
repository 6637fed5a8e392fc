"""The console, put together."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from services.console.admin_api import AdminApiFactory
from services.console.browser.visitors import Visitors
from services.console.config import Settings
from services.console.gateway_routes import GatewayRoutes
from services.console.http import endpoints
from services.console.http.assets import Assets
from services.console.http.operations.documentation import DocumentationPages
from services.console.http.signed_in import Sessions
from services.console.http.table import ConsolePages
from services.console.pages.renderer import Renderer
from shared.addresses.forwarded_for import TrustedProxies
from shared.clock import Clock, SystemClock
from shared.http.app import service_app
from shared.http.client import ServiceClient
from shared.http.client_address import CLIENT_ADDRESS_PURPOSE
from shared.http.health import Health
from shared.service_tokens import ServiceIdentity

NAME = "console"
REGISTRY = "key_registry"
GATEWAY_CONNECTIONS = 2
"""To its operations port, for the pages of routes."""


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    clock = clock or SystemClock()
    client = ServiceClient(settings.key_registry_url, timeout=settings.registry_timeout)
    gateway = ServiceClient(settings.gateway_ops_url, connections=GATEWAY_CONNECTIONS)
    issuer = ServiceClient(settings.token_issuer_url, timeout=settings.registry_timeout)
    identity = ServiceIdentity.from_file(NAME, settings.service_key_file, clock)
    api = AdminApiFactory(client, identity.authorization_for(REGISTRY, purpose=CLIENT_ADDRESS_PURPOSE))
    assets = Assets.load()
    renderer = Renderer(assets.urls)
    visitors = Visitors(api, TrustedProxies(settings.trusted_proxies))
    sessions = Sessions(visitors, renderer)
    documentation = DocumentationPages(renderer, settings, clock)
    pages = ConsolePages(
        renderer,
        visitors,
        documentation,
        GatewayRoutes(gateway),
        clock,
        gateway=settings.issuer,
        issuer=issuer,
    )
    health = Health(NAME)
    health.add(REGISTRY, lambda: client.get("/health/ready"))
    app = service_app(
        NAME,
        endpoints(renderer, assets, sessions, pages),
        health=health,
        addresses=visitors,
        render_unmatched=renderer.error,
        metrics=CollectorRegistry(),
        resources=[client, issuer, gateway, *documentation.clients.values()],
        description="Pages for people. Programs use the admin API of the key registry.",
    )
    app.middlewares.append(sessions.unmatched)
    return app
