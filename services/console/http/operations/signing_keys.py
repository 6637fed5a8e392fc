"""The keys that access tokens are signed with, and the gateways that lack one."""

from aiohttp import web

from services.console.pages.renderer import Renderer
from services.console.session import Session


class SigningKeyPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, _: web.Request, session: Session) -> web.Response:
        """Raises `Forbidden` for a person of one company."""
        shown = await session.api.get("/signing-keys")
        return self._renderer.page("operations/signing_keys.html", session=session, **shown)
