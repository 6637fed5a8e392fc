"""What shows again whose account it is: the password, or a fresh sign-in at the OpenID provider in its place."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from services.console.browser import cookies
from services.console.browser.forms import Form, from_another_site
from services.console.browser.visitors import Visitors
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.sign_in.authorization_response import authorization_response
from services.console.http.sign_in.page import SignInPage
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Invalid, TooManyRequests, Unprocessable

Refusal = Unprocessable | Conflict | TooManyRequests
REFUSALS = (Unprocessable, Conflict, TooManyRequests)
"""Of what somebody does to their own account: the page is shown again."""
API = "/me/openid-confirmations"
OPENID = "OpenID"
"""What the provider is called that has no name."""
PAGES = frozenset({"/account", "/account/second-factor", "/account/passkeys"})
"""Where it may be asked for, and where one comes back to."""


class Reauthentication:
    def __init__(self, visitors: Visitors, renderer: Renderer, sign_in: SignInPage) -> None:
        self._visitors = visitors
        self._renderer = renderer
        self._sign_in = sign_in

    def request_body(self, request: web.Request, form: Form) -> dict[str, str]:
        """For the admin API."""
        body = {"password": form.secret("password"), "code": form.text("code")}
        fresh = cookies.fresh_sign_in(request)
        return {**body, "confirmation": fresh} if fresh and not body["password"] else body

    async def template_values(self, request: web.Request, factor: dict[str, Any] | None) -> dict[str, Any]:
        """What a page needs to ask for it: the name of the `provider`, whether it may be asked (`offered`), and
        whether it was (`done`), or has `failed`.

        `alone`: the provider signs this person in and no password does, so that none is asked for.
        """
        if factor is None or (factor["signs_in_by_password"] and not factor["confirms_by_openid"]):
            return {"provider": OPENID, "offered": False, "done": False, "failed": False, "alone": False}
        name, offered = (await self._sign_in.methods(request))["openid_name"], factor["confirms_by_openid"]
        return {
            "provider": name or OPENID,
            "offered": offered,
            "done": offered and bool(cookies.fresh_sign_in(request)),
            "failed": offered and request.query.get("confirmed") == "no",
            "alone": offered and not factor["signs_in_by_password"],
        }

    def drop_spent(self, response: web.Response, error: Invalid | Conflict | None = None) -> web.Response:
        """Forget what has confirmed an act, or was not accepted; what is wrong with something else leaves it."""
        if error is None or (isinstance(error, Invalid) and any(e.field == "confirmation" for e in error.errors)):
            cookies.drop_fresh_sign_in(response)
        return response

    async def again(self, error: Refusal, form: Form, page: Callable[..., Awaitable[web.Response]]) -> web.Response:
        """`page` with the form as it was filled in, and why nothing was done; who has to wait is told how long."""
        if isinstance(error, TooManyRequests):
            errors = {"": too_many_attempts(error)}
            return retry_later(await page(form=form.values(), errors=errors, status=429), error)
        return self.drop_spent(await page(**filled_in(form.values(), error)), error)

    async def begin(self, request: web.Request, session: Session) -> web.Response:
        """A link of our own pages alone, as signing in by the provider is."""
        after = request.query.get("next", "")
        if from_another_site(request) or after not in PAGES:
            return self._renderer.redirect("/account")
        try:
            begun = await session.api.post(API)
        except Conflict:
            return self._renderer.redirect(f"{after}?confirmed=no")
        response = self._renderer.redirect_to_provider(begun["url"])
        cookies.keep_openid(response, begun["token"], after, reauthenticates=True)
        return response

    async def finish(self, request: web.Request) -> web.Response:
        """Back from the provider, with the session that was left. Raises `SignedOut`."""
        body, after = authorization_response(request, reauthenticates=True)
        path = after if after in PAGES else "/account"
        try:
            api = self._visitors.api_of(request, cookies.session_token(request))
            fresh = await api.post(f"{API}/finish", body)
        except (Conflict, Unprocessable, TooManyRequests):
            return self._renderer.redirect(f"{path}?confirmed=no")
        response = self._renderer.redirect(path)
        cookies.keep_fresh_sign_in(response, fresh["confirmation"])
        return response
