"""Where the operator's people begin."""

from aiohttp import web

from services.console.pages.overview import calls_of_day, first_steps
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
            steps=first_steps(overview["there_is"]),
        )
