"""Refused calls of one's own company: what was wrong, and what to do about it."""

from aiohttp import web

from services.console.admin_api import segment
from services.console.http.operations.filtered_list import filtered_list
from services.console.http.portal.company import own_company
from services.console.pages.refused_calls.calls import of_calls
from services.console.pages.refused_calls.explanations import titles
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound, Unprocessable

FILTERS = ("cause", "credential", "from", "to")
GONE = (
    "No refused call of yours has this id: they are kept for 7 days, and served ones are not. If the response was "
    "401, what was sent did not say whose call it was. Either nothing was sent; or it was sent in another header "
    "field than the API reads; or it was of another kind than the API takes; or key and secret were swapped; or it "
    "was mistyped or cut off. Compare the call with the code under How to call, and paste what you sent into "
    "Doctor: it says what it is, where it goes, and whether it is whole. If that does not help, give the request "
    "id to whoever runs the API, who can see what was sent where."
)


class RefusalPages:
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
            causes=titles(found.form["cause"]),
            status=found.status,
            **{**found.values, "items": of_calls(found.items)},
        )

    async def show(self, request: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        try:
            decision = await session.api.get(f"/decisions/{segment(request.match_info['request_id'])}")
        except (NotFound, Unprocessable):
            raise NotFound(GONE) from None
        return self._renderer.page("portal/refused_call.html", session=session, company=company, decision=decision)
