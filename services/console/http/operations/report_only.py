"""What would have been refused, and was not, because what would refuse it is report-only."""

from aiohttp import web

from services.console.http.operations.filtered_list import filtered_list
from services.console.pages.renderer import Renderer
from services.console.session import Session

FILTERS = ("company_id", "cause", "kind", "from", "to")
KINDS = ("route", "scope", "limit", "stop")


class ReportOnlyPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        found = await filtered_list(request, session, "/report-only", FILTERS)
        return self._renderer.page(
            "operations/report_only.html", session=session, status=found.status, kinds=KINDS, **found.values
        )
