"""Signing in and out, and the account that an invitation makes."""

from contextlib import suppress
from typing import Any

from aiohttp import web

from services.console.admin_api import SignedOut
from services.console.browser import cookies
from services.console.browser.forms import Form, read_form
from services.console.browser.return_path import own_path
from services.console.browser.visitors import Visitors
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.account import second_step
from services.console.http.account.sign_in_page import SignInPage
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, NotFound, TooManyRequests, Unprocessable


class SignInPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, page: SignInPage) -> None:
        self._page = page
        self._visitors = visitors
        self._renderer = renderer

    async def sign_in(self, request: web.Request) -> web.Response:
        return await self._page.show(request, own_path(request.query.get("next", "/")))

    async def signed_in(self, request: web.Request) -> web.Response:
        """Always a new session: one that somebody else put into this browser is not gone on with."""
        form = await read_form(request)
        body = {"email": form.text("email"), "password": form.secret("password")}
        try:
            created = await self._visitors.api_of(request).post("/sessions", body)
        except (SignedOut, Unprocessable):
            return await self._again(request, form, 401, "The e-mail or the password is wrong.")
        except TooManyRequests as error:
            return retry_later(await self._again(request, form, 429, too_many_attempts(error)), error)
        after = own_path(form.text("next"))
        if "pending_token" in created:
            response = self._renderer.redirect(second_step.path_of(after))
            cookies.drop(response)
            cookies.keep_pending(response, created["pending_token"])
            return response
        return self._begin(created, after)

    async def sign_out(self, _: web.Request, session: Session, __: Form) -> web.Response:
        with suppress(NotFound):  # it has ended already
            await session.api.delete("/sessions/current")
        response = self._renderer.redirect("/sign-in")
        cookies.drop(response)
        return response

    async def invitation(self, request: web.Request) -> web.Response:
        """The link says who invites to what; nothing is used up by looking at it."""
        return await self._invitation(request, await self._invited(request), {}, {})

    async def accepted(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        invited = await self._invited(request)
        body = {
            "token": request.match_info["token"],
            "email": form.text("email"),
            "password": form.secret("password"),
        }
        try:
            created = await self._visitors.api_of(request).post("/invitations/accept", body)
        except (Unprocessable, Conflict) as error:
            return await self._invitation(request, invited, **filled_in(form.values(), error))
        except TooManyRequests as error:
            problem = too_many_attempts(error)
            return retry_later(await self._invitation(request, invited, form.values(), {}, 429, problem), error)
        return self._begin(created.get("session", created), "/")

    async def _again(self, request: web.Request, form: Form, status: int, problem: str) -> web.Response:
        after = own_path(form.text("next"))
        return await self._page.show(request, after, status, form=form.values(), problem=problem)

    async def _invited(self, request: web.Request) -> dict[str, Any]:
        try:
            found: dict[str, Any] = await self._visitors.api_of(request).post(
                "/invitations/inspect", {"token": request.match_info["token"]}
            )
        except (NotFound, Unprocessable):
            raise NotFound(
                "this link has been used, has expired or was withdrawn: ask whoever sent it for another one"
            ) from None
        return found

    async def _invitation(
        self,
        request: web.Request,
        invited: dict[str, Any],
        form: dict[str, str],
        errors: dict[str, str],
        status: int = 200,
        problem: str = "",
    ) -> web.Response:
        values = {"email": invited.get("email") or "", **form}
        methods = await self._page.methods(request)
        required_for = methods["openid_required_for"]
        return self._renderer.page(
            "invitation.html",
            status=status,
            invited=invited,
            path=request.path,
            form=values,
            errors=errors,
            problem=problem,
            openid_name=methods["openid_name"],
            by_password=required_for == "nobody" or (required_for == "operator" and bool(invited["company_id"])),
        )

    def _begin(self, created: dict[str, Any], path: str) -> web.Response:
        response = self._renderer.redirect(path)
        cookies.keep(response, created)
        return response
