"""The page on which people sign in, with the ways that there are here."""

from typing import Any

from aiohttp import web

from services.console.browser.visitors import Visitors
from services.console.pages.renderer import Renderer
from shared.errors import Unavailable

PASSWORDS_ALONE = {"openid_name": None, "openid_required_for": "nobody"}


class SignInPage:
    def __init__(self, visitors: Visitors, renderer: Renderer) -> None:
        self._visitors = visitors
        self._renderer = renderer

    async def methods(self, request: web.Request) -> dict[str, Any]:
        """`openid_name` and `openid_required_for`; without the registry's response those of a password."""
        try:
            found: dict[str, Any] = await self._visitors.api_of(request).get("/sessions/methods")
        except Unavailable:
            return PASSWORDS_ALONE
        return found

    async def show(self, request: web.Request, after: str, status: int = 200, **values: Any) -> web.Response:
        """`after`: the path to go on to."""
        methods = await self.methods(request)
        shown = {"password_is_set": request.query.get("password") == "set", **values}
        return self._renderer.page("sign_in.html", status=status, next=after, methods=methods, **shown)
