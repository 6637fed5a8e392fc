"""Who is here for the company: by its own site, and what people did."""

from aiohttp import web

from services.console.admin_api import segment, together
from services.console.browser.forms import Form
from services.console.http.portal.company import own_company, own_company_id
from services.console.pages.portal.activity import acts_of
from services.console.pages.renderer import Renderer
from services.console.session import Session

LINES = "200"
"""Of the audit trail that one page is taken from."""


class PortalPeoplePages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def sessions(self, _: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        found = await session.api.items(f"/companies/{company['id']}/portal-sessions")
        return self._renderer.page("portal/sessions.html", session=session, company=company, sessions=found)

    async def end(self, request: web.Request, session: Session, _: Form) -> web.Response:
        company = await own_company(session)
        id_ = segment(request.match_info["id"])
        await session.api.delete(f"/companies/{company['id']}/portal-sessions/{id_}")
        return self._renderer.redirect("/portal/sessions")

    async def activity(self, request: web.Request, session: Session) -> web.Response:
        own_company_id(session)
        company, page = await together(
            own_company(session), session.api.get("/audit", limit=LINES, cursor=request.query.get("cursor", ""))
        )
        return self._renderer.page(
            "portal/activity.html",
            session=session,
            company=company,
            acts=acts_of(page["items"]),
            next_cursor=page["next_cursor"],
        )
