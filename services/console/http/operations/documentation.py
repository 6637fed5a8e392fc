"""The API documentation: the documents of all services as pages."""

from aiohttp import web
from markupsafe import Markup

from services.console.config import Settings
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.api_reference.documents import ApiDocuments, Described, sources_of
from shared.api_reference.endpoints import PAGES_PATH, TITLE
from shared.api_reference.rendering import ReferencePages
from shared.clock import Clock
from shared.errors import NotFound
from shared.http.client import ServiceClient

CONNECTIONS = 2
"""To each service, for documents."""


class DocumentationPages:
    """`clients` have to be started. A company's own people see no endpoint that services alone may call."""

    def __init__(self, renderer: Renderer, settings: Settings, clock: Clock) -> None:
        self._renderer = renderer
        urls = {
            "key_registry": settings.key_registry_url,
            "token_issuer": settings.token_issuer_url,
            "session_tokens": settings.session_tokens_url,
            "operator_validator": settings.operator_validator_url,
            "sample_resources": settings.sample_resources_url,
            "gateway": settings.gateway_ops_url,
        }
        self.clients = {name: ServiceClient(url, connections=CONNECTIONS) for name, url in urls.items()}
        self._documents = ApiDocuments(sources_of(self.clients), clock)
        self._pages = ReferencePages(PAGES_PATH)

    async def index(self, _: web.Request, session: Session) -> web.Response:
        described = [each for each in await self._documents.all() if _visible(each, session)]
        content = self._pages.index(described, internal=not session.me["company_id"])
        return self._page(session, TITLE, content)

    async def group(self, request: web.Request, session: Session) -> web.Response:
        described = await self._documents.one(request.match_info["service"])
        if described is None or not _visible(described, session):
            raise NotFound("there is no such page")
        group = described.reference.group(request.match_info["group"]) if described.reference else None
        if group is None or (group.internal and session.me["company_id"]):
            raise NotFound("there is no such page, or its service does not respond now")
        title = f"{described.source.title}: {group.title}"
        return self._page(session, title, self._pages.group(described, group))

    async def error_codes(self, _: web.Request, session: Session) -> web.Response:
        return self._page(session, "Error codes", self._pages.error_codes())

    def _page(self, session: Session, title: str, content: Markup) -> web.Response:
        return self._renderer.page("documentation.html", session=session, heading=title, content=content)


def _visible(described: Described, session: Session) -> bool:
    return not (described.source.internal and session.me["company_id"])
