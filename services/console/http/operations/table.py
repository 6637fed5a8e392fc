"""The table of the pages of operations."""

from collections.abc import Callable

from services.console.gateway_routes import GatewayRoutes
from services.console.http.operations.audit import AuditPages
from services.console.http.operations.documentation import DocumentationPages
from services.console.http.operations.index import IndexPage
from services.console.http.operations.needs_attention import NeedsAttentionPages
from services.console.http.operations.overview import OverviewPages
from services.console.http.operations.routes import RoutePages
from services.console.http.operations.signing_keys import SigningKeyPages
from services.console.http.operations.system import SystemPages
from services.console.http.operations.webhooks import WebhookPages
from services.console.http.portal.doctor import DoctorPages
from services.console.http.signed_in import FormHandler, PageHandler
from services.console.pages.renderer import Renderer
from shared.api_reference.endpoints import ERROR_CODES_PATH, GROUP_PATH, PAGES_PATH
from shared.clock import Clock
from shared.http.client import ServiceClient
from shared.http.endpoints import Endpoint

WEBHOOK = "/webhooks/{id}"


class OperationPages:
    def __init__(
        self,
        renderer: Renderer,
        clock: Clock,
        documentation: DocumentationPages,
        routes: GatewayRoutes,
        issuer: ServiceClient,
    ) -> None:
        self.overview = OverviewPages(renderer)
        self.system = SystemPages(renderer)
        self.index = IndexPage(renderer)
        self.audit = AuditPages(renderer)
        self.webhooks = WebhookPages(renderer)
        self.needs_attention = NeedsAttentionPages(renderer, clock)
        self.signing_keys = SigningKeyPages(renderer)
        self.doctor = DoctorPages(renderer, issuer, for_operators=True)
        self.routes = RoutePages(renderer, routes)
        self.documentation = documentation


def operation_endpoints(
    pages: OperationPages,
    page: Callable[[str, PageHandler, str], Endpoint],
    form: Callable[[str, FormHandler, str], Endpoint],
) -> list[Endpoint]:
    webhooks = pages.webhooks
    return [
        page("/", pages.overview.show, "Where operators begin"),
        page("/system", pages.system.show, "What the platform runs on"),
        page("/audit", pages.audit.list, "The audit trail"),
        page("/audit/download", pages.audit.download, "The audit trail as a file"),
        page("/audit/verify", pages.audit.verify, "Whether the audit trail is what was written"),
        page("/operations", pages.index.show, "What operators need rarely"),
        page("/doctor", pages.doctor.show, "What is wrong with a token"),
        form("/doctor", pages.doctor.diagnose, "Examine a token"),
        page("/routes", pages.routes.show, "Which route takes a request"),
        page("/needs-attention", pages.needs_attention.show, "Credentials that want looking after"),
        page("/webhooks", webhooks.list, "Webhooks"),
        form("/webhooks", webhooks.create, "Create a webhook"),
        page(WEBHOOK, webhooks.show, "A webhook with its deliveries"),
        form(WEBHOOK, webhooks.change, "Change a webhook"),
        form(f"{WEBHOOK}/{{act:enable|disable}}", webhooks.switch, "Enable or disable a webhook"),
        form(f"{WEBHOOK}/rotate", webhooks.rotate, "Replace a webhook's secret"),
        form(f"{WEBHOOK}/delete", webhooks.delete, "Delete a webhook"),
        form(f"{WEBHOOK}/deliveries/{{delivery}}/replay", webhooks.replay, "Send an event again"),
        page("/signing-keys", pages.signing_keys.list, "Signing keys"),
        page(PAGES_PATH, pages.documentation.index, "The API documentation"),
        page(PAGES_PATH + ERROR_CODES_PATH, pages.documentation.error_codes, "Every error code"),
        page(PAGES_PATH + GROUP_PATH, pages.documentation.group, "Endpoints of one kind"),
    ]
