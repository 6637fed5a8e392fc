"""The page that leads to what operators need rarely."""

from aiohttp import web

from services.console.pages.renderer import Renderer
from services.console.session import Session


class IndexPage:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def show(self, _: web.Request, session: Session) -> web.Response:
        return self._renderer.page("operations/index.html", session=session)
