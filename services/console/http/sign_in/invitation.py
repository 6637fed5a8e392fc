"""The account that an invitation makes: its link is all that somebody needs."""

from typing import Any

from aiohttp import web

from services.console.browser.forms import read_form
from services.console.browser.visitors import Visitors
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.sign_in.new_session import begin_session
from services.console.http.sign_in.page import SignInPage
from services.console.pages.renderer import Renderer, filled_in
from shared.errors import Conflict, NotFound, TooManyRequests, Unprocessable


class InvitationPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, page: SignInPage) -> None:
        self._page = page
        self._visitors = visitors
        self._renderer = renderer

    async def show(self, request: web.Request) -> web.Response:
        """The link says who invites to what; nothing is used up by looking at it."""
        return await self._shown(request, await self._invited(request), {}, {})

    async def accept(self, request: web.Request) -> web.Response:
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
            return await self._shown(request, invited, **filled_in(form.values(), error))
        except TooManyRequests as error:
            problem = too_many_attempts(error)
            return retry_later(await self._shown(request, invited, form.values(), {}, 429, problem), error)
        return begin_session(self._renderer, created, "/")

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

    async def _shown(
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
