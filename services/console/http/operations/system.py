"""What the platform runs on."""

from aiohttp import web

from services.console.pages.renderer import Renderer
from services.console.session import Session


class SystemPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def show(self, _: web.Request, session: Session) -> web.Response:
        """Raises `Forbidden` for a person of one company."""
        system = await session.api.get("/system")
        signs = system["audit"]["checkpoint"] or (await session.api.get("/audit/keys"))["keys"]
        return self._renderer.page("operations/system.html", session=session, system=system, signs=bool(signs))
