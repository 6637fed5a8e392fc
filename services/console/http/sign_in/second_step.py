"""Signing in: the code after the password or the OpenID provider."""

from aiohttp import web

from services.console.admin_api import SignedOut
from services.console.browser import cookies
from services.console.browser.forms import read_form
from services.console.browser.return_path import own_path
from services.console.browser.visitors import Visitors
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.sign_in.new_session import begin_session
from services.console.http.sign_in.page import SignInPage
from services.console.pages.renderer import Renderer
from shared.errors import NotFound, TooManyRequests, Unprocessable


class SecondStepPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, sign_in: SignInPage) -> None:
        self._sign_in = sign_in
        self._visitors = visitors
        self._renderer = renderer

    async def show(self, request: web.Request) -> web.Response:
        after = own_path(request.query.get("next", "/"))
        if not cookies.pending_token(request):
            return self._renderer.redirect("/sign-in")
        return self._page(after)

    async def finish(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        after = own_path(form.text("next"))
        body = {"token": cookies.pending_token(request), "code": form.text("code")}
        try:
            created = await self._visitors.api_of(request).post("/sessions/second-factor", body)
        except (SignedOut, Unprocessable):
            return self._page(after, 401, "The code is wrong, or was used before.")
        except TooManyRequests as error:
            return retry_later(self._page(after, 429, too_many_attempts(error)), error)
        except NotFound:
            problem = "This took too long, or your account was changed meanwhile. Sign in again."
            response = await self._sign_in.show(request, after, 401, problem=problem)
            cookies.drop_pending(response)
            return response
        return begin_session(self._renderer, created, after)

    def _page(self, after: str, status: int = 200, problem: str = "") -> web.Response:
        return self._renderer.page("account/second_step.html", status=status, next=after, problem=problem)
