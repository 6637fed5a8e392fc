"""The pages and all documents as one JSON object, for a process on the operators' network."""

from functools import cache
from typing import TYPE_CHECKING

from aiohttp import web

from shared.api_reference.documents import ApiDocuments
from shared.errors import NotFound
from shared.http.endpoints import Endpoint
from shared.http.responses import json_response

if TYPE_CHECKING:
    from markupsafe import Markup

    from shared.api_reference.rendering import ReferencePages

PAGES_PATH = "/api-documentation"
ALL_DOCUMENTS_PATH = "/openapi/all.json"
GROUP_PATH = "/{service}/{group}"
ERROR_CODES_PATH = "/error-codes"
TITLE = "API documentation"


def reference_endpoints(documents: ApiDocuments) -> list[Endpoint]:
    """Open to whoever reaches the port: nothing in them is secret."""

    async def index(_: web.Request) -> web.Response:
        shown = _pages().index(await documents.all(), internal=True, all_json=ALL_DOCUMENTS_PATH)
        return _page(TITLE, shown)

    async def group(request: web.Request) -> web.Response:
        described = await documents.one(request.match_info["service"])
        found = described and described.reference and described.reference.group(request.match_info["group"])
        if not described or not found:
            raise NotFound("there is no such page, or its service does not respond now")
        return _page(f"{described.source.title}: {found.title}", _pages().group(described, found))

    async def error_codes(_: web.Request) -> web.Response:
        return _page("Error codes", _pages().error_codes())

    async def all_documents(_: web.Request) -> web.Response:
        """Null for a service that does not respond."""
        return json_response({each.source.slug: each.document for each in await documents.all()})

    return [
        Endpoint("GET", PAGES_PATH, index, "All APIs on one page", documented=False),
        Endpoint("GET", PAGES_PATH + ERROR_CODES_PATH, error_codes, "Every error code", documented=False),
        Endpoint("GET", PAGES_PATH + GROUP_PATH, group, "Endpoints of one kind", documented=False),
        Endpoint("GET", ALL_DOCUMENTS_PATH, all_documents, "All OpenAPI documents", documented=False),
    ]


@cache
def _pages() -> "ReferencePages":
    from shared.api_reference.rendering import ReferencePages  # most processes never show a page

    return ReferencePages(PAGES_PATH)


def _page(title: str, content: "Markup") -> web.Response:
    from shared.api_reference.rendering import FRAME_POLICY

    return web.Response(
        text=_pages().framed(title, content),
        content_type="text/html",
        headers={"Content-Security-Policy": FRAME_POLICY, "X-Content-Type-Options": "nosniff"},
    )
