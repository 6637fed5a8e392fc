"""What would have been refused, and was not, because what would refuse it is report-only."""

from aiohttp import web

from services.console.http.lists.filtered_list import filtered_list
from services.console.pages.refused_calls.titles import titles
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.refusal_traces.causes import CHECKS

FILTERS = ("company_id", "cause", "kind", "from", "to")
KINDS = ("route", "scope", "limit", "stop")


class ReportOnlyPages:
    """For everybody: whoever is of one company sees that company's calls."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        found = await filtered_list(request, session, "/report-only", FILTERS)
        return self._renderer.page(
            "lists/report_only.html",
            session=session,
            status=found.status,
            kinds=KINDS,
            causes=titles({*CHECKS, found.form["cause"]}),
            **found.values,
        )
