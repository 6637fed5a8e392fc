"""The page of a link that sets another password: nobody is signed in by it."""

from typing import Any

from aiohttp import web

from services.console.browser.forms import read_form
from services.console.browser.visitors import Visitors
from services.console.pages.renderer import Renderer, filled_in
from shared.errors import NotFound, Unprocessable

PASSWORD_IS_SET = "/sign-in?password=set"
INVALID = "this link has been used, has expired or was withdrawn: ask an owner for another one"


class PasswordResetPages:
    def __init__(self, visitors: Visitors, renderer: Renderer) -> None:
        self._visitors = visitors
        self._renderer = renderer

    async def show(self, request: web.Request) -> web.Response:
        """The link says whose password it sets; nothing is used up by looking at it."""
        return self._page(request, await self._link(request))

    async def set_password(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        link = await self._link(request)
        body = {"token": request.match_info["token"], "password": form.secret("password")}
        try:
            await self._visitors.api_of(request).post("/password-resets/follow", body)
        except NotFound:  # another one was quicker
            raise NotFound(INVALID) from None
        except Unprocessable as error:
            return self._page(request, link, **filled_in(form.values(), error))
        return self._renderer.redirect(PASSWORD_IS_SET)

    async def _link(self, request: web.Request) -> dict[str, Any]:
        body = {"token": request.match_info["token"]}
        try:
            found: dict[str, Any] = await self._visitors.api_of(request).post("/password-resets/inspect", body)
        except (NotFound, Unprocessable):
            raise NotFound(INVALID) from None
        return found

    def _page(self, request: web.Request, link: dict[str, Any], status: int = 200, **values: Any) -> web.Response:
        page = "account/password_reset.html"
        return self._renderer.page(page, status=status, link=link, path=request.path, **values)
