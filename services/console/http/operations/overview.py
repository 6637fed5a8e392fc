"""Where the operator's people begin."""

from collections.abc import Mapping

from aiohttp import web

from services.console.admin_api import together
from services.console.http.companies import newest_credentials
from services.console.pages.overview import Made, calls_of_day, first_steps, made_of
from services.console.pages.renderer import Renderer
from services.console.session import Session


class OverviewPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def show(self, _: web.Request, session: Session) -> web.Response:
        """A person of one company begins at its portal."""
        if session.me["company_id"]:
            return self._renderer.redirect("/portal")
        overview = await session.api.get("/overview")
        return self._renderer.page(
            "operations/overview.html",
            session=session,
            overview=overview,
            day=calls_of_day(overview),
            steps=first_steps(overview["there_is"], await self._made(session, overview["there_is"])),
        )

    async def _made(self, session: Session, there_is: Mapping[str, bool]) -> Mapping[str, Made]:
        """The newest of what the steps make; nothing is read once there was a call, or before there is anything."""
        if there_is["call"] or not any(there_is.values()):
            return {}
        (companies, _), (applications, _), (bookings, _), (credentials, _) = await together(
            session.api.newest("/companies", 1),
            session.api.newest("/applications", 1),
            session.api.newest("/bookings", 1),
            newest_credentials(session, 1),
        )
        return made_of(companies, applications, bookings, credentials)
