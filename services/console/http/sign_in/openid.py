"""Signing in by an OpenID provider: to it, and back."""

from aiohttp import web

from services.console.admin_api import Object, SignedOut, segment
from services.console.browser import cookies
from services.console.browser.forms import from_another_site
from services.console.browser.return_path import own_path
from services.console.browser.visitors import Visitors
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.sign_in.authorization_response import authorization_response
from services.console.http.sign_in.new_session import begin_session
from services.console.http.sign_in.page import SignInPage
from services.console.http.sign_in.reauthentication import Reauthentication
from services.console.pages.renderer import Renderer
from shared.errors import Conflict, NotFound, TooManyRequests, Unprocessable


class OpenIdPages:
    def __init__(
        self, visitors: Visitors, renderer: Renderer, sign_in: SignInPage, reauthentication: Reauthentication
    ) -> None:
        self._reauthentication = reauthentication
        self._visitors = visitors
        self._renderer = renderer
        self._sign_in = sign_in

    async def begin(self, request: web.Request) -> web.Response:
        """A link, since browsers follow no redirect of a form to where the policy lets no form go.

        Of our own pages alone: another site that leads here signs nobody in.
        """
        if from_another_site(request):
            return self._renderer.redirect("/sign-in")
        return await self._to_provider(request, {}, own_path(request.query.get("next", "/")))

    async def accept(self, request: web.Request) -> web.Response:
        """Of an invitation, by its own page alone: another site that leads here accepts nothing."""
        if from_another_site(request):
            return self._renderer.redirect(f"/invitations/{segment(request.match_info['token'])}")
        return await self._to_provider(request, {"invitation": request.match_info["token"]}, "/")

    async def callback(self, request: web.Request) -> web.Response:
        """Where the provider sends people back: into a new session, in the browser that has begun.

        But for who has begun to show that a session is theirs, which goes on.
        """
        if cookies.is_reauthentication(request):
            return await self._reauthenticated(request)
        body, after = authorization_response(request)
        try:
            created = await self._visitors.api_of(request).post("/sessions/openid/finish", body)
            response = begin_session(self._renderer, created, after)
        except TooManyRequests as error:
            page = await self._sign_in.show(request, after, 429, problem=too_many_attempts(error))
            response = retry_later(page, error)
        except Conflict as error:
            problem = f"{error.description[:1].upper()}{error.description[1:]}."
            response = await self._sign_in.show(request, after, 409, problem=problem)
        except (SignedOut, Unprocessable, NotFound):
            name = (await self._sign_in.methods(request))["openid_name"] or "OpenID"
            problem = (
                f"{name} did not sign you in: cancelled, too late, or without an account for your e-mail here."
            )
            response = await self._sign_in.show(request, after, 401, problem=problem)
        cookies.drop_openid(response)
        return response

    async def _reauthenticated(self, request: web.Request) -> web.Response:
        try:
            response = await self._reauthentication.finish(request)
        except SignedOut:
            response = self._renderer.redirect("/sign-in")
        cookies.drop_openid(response)
        return response

    async def _to_provider(self, request: web.Request, body: Object, after: str) -> web.Response:
        begun = await self._visitors.api_of(request).post("/sessions/openid", body)
        response = self._renderer.redirect_to_provider(begun["url"])
        cookies.keep_openid(response, begun["token"], after)
        return response
