"""Where a company's people begin: the first call is waited for, and then is seen arriving."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.http.portal.company import own_company, own_credentials
from services.console.http.usage import RecentUsage
from services.console.pages.portal.arrivals import Arrivals, arrivals
from services.console.pages.portal.refusals import of_calls
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.clock import Clock

HOURS = 24
REFUSED_SHOWN = "8"


class HomePages:
    def __init__(self, renderer: Renderer, usage: RecentUsage, clock: Clock) -> None:
        self._renderer = renderer
        self._usage = usage
        self._clock = clock

    async def show(self, _: web.Request, session: Session) -> web.Response:
        company = await own_company(session)
        (found, credentials), week = await together(
            self._arrivals(session, company), self._usage.week(session, company_id=company["id"])
        )
        soon = [pair for pair in credentials if pair[1].get("expires_soon") and pair[1]["status"] == "active"]
        return self._renderer.page(
            "portal/home.html", session=session, company=company, arrivals=found, week=week, soon=soon
        )

    async def arrivals(self, _: web.Request, session: Session) -> web.Response:
        """The part of the page that changes, for the script that looks again every few seconds."""
        company = await own_company(session)
        found, _credentials = await self._arrivals(session, company)
        return self._renderer.page("portal/arrivals.html", session=session, company=company, arrivals=found)

    async def _arrivals(self, session: Session, company: Object) -> tuple[Arrivals, list[Any]]:
        since = (datetime.fromtimestamp(self._clock.now(), UTC) - timedelta(hours=HOURS)).isoformat()
        credentials, usage, refused = await together(
            own_credentials(session, company),
            session.api.get(
                "/usage", by="hour", group_by="credential_id,route", limit="200", **{"from": since[:19] + "Z"}
            ),
            session.api.get("/decisions", limit=REFUSED_SHOWN),
        )
        return arrivals(credentials, usage["items"], of_calls(refused["items"])), credentials
