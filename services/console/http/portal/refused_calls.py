"""Refused calls of one's own company: what was wrong, and what to do about it."""

from aiohttp import web

from services.console.admin_api import segment
from services.console.http.lists.filtered_list import filtered_list
from services.console.http.portal.company import own_company
from services.console.http.refused_call import refused_call
from services.console.http.refused_calls import MAX_ID_CHARACTERS
from services.console.pages.refused_calls.by_cause import EXPLANATIONS
from services.console.pages.refused_calls.calls import of_calls
from services.console.pages.refused_calls.titles import titles
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound, Unprocessable

FILTERS = ("cause", "credential", "from", "to")


class OwnRefusedCallPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        if wanted := request.query.get("request_id", "").strip():
            return self._renderer.redirect(f"/portal/refused-calls/{segment(wanted)}")
        found = await filtered_list(request, session, "/decisions", FILTERS)
        return self._renderer.page(
            "portal/refused_calls.html",
            session=session,
            company=company,
            causes=titles({*EXPLANATIONS, found.form["cause"]}),
            status=found.status,
            **{**found.values, "items": of_calls(found.items)},
        )

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        wanted = request.match_info["request_id"]
        try:
            decision = await refused_call(session, wanted)
        except (NotFound, Unprocessable):
            shown = wanted[:MAX_ID_CHARACTERS]
            return self._renderer.page(
                "portal/no_refused_call.html", session=session, status=404, company=company, wanted=shown
            )
        return self._renderer.page("portal/refused_call.html", session=session, company=company, decision=decision)
