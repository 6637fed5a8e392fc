"""Signing in with a password, and signing out."""

from contextlib import suppress

from aiohttp import web

from services.console.admin_api import SignedOut
from services.console.browser import cookies
from services.console.browser.forms import Form, read_form
from services.console.browser.return_path import own_path
from services.console.browser.visitors import Visitors
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.sign_in.new_session import begin_session
from services.console.http.sign_in.page import SignInPage
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import NotFound, TooManyRequests, Unprocessable


class PasswordPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, page: SignInPage) -> None:
        self._page = page
        self._visitors = visitors
        self._renderer = renderer

    async def show(self, request: web.Request) -> web.Response:
        return await self._page.show(request, own_path(request.query.get("next", "/")))

    async def sign_in(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        body = {"email": form.text("email"), "password": form.secret("password")}
        try:
            created = await self._visitors.api_of(request).post("/sessions", body)
        except (SignedOut, Unprocessable):
            return await self._again(request, form, 401, "The e-mail or the password is wrong.")
        except TooManyRequests as error:
            return retry_later(await self._again(request, form, 429, too_many_attempts(error)), error)
        return begin_session(self._renderer, created, own_path(form.text("next")))

    async def sign_out(self, _: web.Request, session: Session, __: Form) -> web.Response:
        with suppress(NotFound):  # it has ended already
            await session.api.delete("/sessions/current")
        response = self._renderer.redirect("/sign-in")
        cookies.drop(response)
        cookies.drop_fresh_sign_in(response)
        return response

    async def _again(self, request: web.Request, form: Form, status: int, problem: str) -> web.Response:
        after = own_path(form.text("next"))
        return await self._page.show(request, after, status, form=form.values(), problem=problem)
