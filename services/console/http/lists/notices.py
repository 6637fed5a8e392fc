"""What happened to credentials."""

from aiohttp import web

from services.console.http.lists.filtered_list import filtered_list
from services.console.pages.events import EVENT_TYPES
from services.console.pages.renderer import Renderer
from services.console.session import Session

FILTERS = ("company_id", "type", "from", "to")


class NoticePages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        found = await filtered_list(request, session, "/events", FILTERS)
        return self._renderer.page(
            "lists/notices.html", session=session, status=found.status, types=EVENT_TYPES, **found.values
        )
