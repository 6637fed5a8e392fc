"""What would have been refused, and was not, because what would refuse it is report-only."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.http.lists.filtered_list import filtered_list
from services.console.pages.refused_calls.titles import titles
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.refusal_traces.causes import CHECKS

FILTERS = ("company_id", "cause", "kind", "from", "to")
KINDS = ("route", "scope", "limit", "stop")
MOST_NAMED = 10
"""Objects whose stop is tried that a page names; the others have their ids."""


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
            stopped=await _stopped(session, found.items),
            **found.values,
        )


async def _stopped(session: Session, items: Sequence[Object]) -> Mapping[str, Object]:
    """By its id, what the search says of each object whose stop is tried."""
    ids = list(dict.fromkeys(item["name"] for item in items if item["kind"] == "stop"))[:MOST_NAMED]
    found = await together(*(session.api.post("/search", {"text": id_}) for id_ in ids))
    return {item["id"]: item for one in found for item in one["items"] if item["id"] in ids}
