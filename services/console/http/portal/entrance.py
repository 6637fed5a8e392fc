"""The link of a portal session: its page says where it leads, and a button follows it, once.

Following it is a form of our own page: a program that only looks at links uses nothing up, and no other site signs
anybody in here.
"""

from typing import Any

from aiohttp import web

from services.console.browser.forms import read_form
from services.console.browser.visitors import Visitors
from services.console.http.sign_in.new_session import begin_session
from services.console.pages.renderer import Renderer
from shared.errors import NotFound, Unprocessable

INVALID = "this link was used, has expired or was ended: go back to where it came from, and ask for another one"


class EntrancePages:
    def __init__(self, visitors: Visitors, renderer: Renderer) -> None:
        self._visitors = visitors
        self._renderer = renderer

    async def show(self, request: web.Request) -> web.Response:
        link = await self._of_link(request, "inspect")
        return self._renderer.page("portal/entrance.html", link=link, path=request.path)

    async def enter(self, request: web.Request) -> web.Response:
        await read_form(request)
        return begin_session(self._renderer, await self._of_link(request, "open"), "/")

    async def _of_link(self, request: web.Request, act: str) -> dict[str, Any]:
        body = {"token": request.match_info["token"]}
        try:
            found: dict[str, Any] = await self._visitors.api_of(request).post(f"/portal-sessions/{act}", body)
        except (NotFound, Unprocessable):
            raise NotFound(INVALID) from None
        return found
