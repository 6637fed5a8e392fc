"""Signing in with a passkey."""

from typing import Any

import orjson
from aiohttp import web

from services.console.admin_api import SignedOut
from services.console.browser.forms import Form, read_form, require_same_origin
from services.console.browser.return_path import own_path
from services.console.browser.visitors import Visitors
from services.console.http.sign_in.new_session import begin_session
from services.console.http.sign_in.page import SignInPage
from services.console.pages.renderer import HEADERS, Renderer
from shared.errors import Conflict, NotFound, Unprocessable


class PasskeySignInPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, page: SignInPage) -> None:
        self._page = page
        self._visitors = visitors
        self._renderer = renderer

    async def options(self, request: web.Request) -> web.Response:
        """For the script of the sign-in page: what it passes to the browser."""
        require_same_origin(request)
        try:
            created = await self._visitors.api_of(request).post("/sessions/passkey-options")
        except Conflict:
            raise NotFound("there are no passkeys here") from None
        body = orjson.dumps(created["options"])
        return web.Response(body=body, content_type="application/json", headers=HEADERS)

    async def sign_in(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        after = own_path(form.text("next"))
        try:
            body = {"credential": credential_of(form)}
            created = await self._visitors.api_of(request).post("/sessions/passkey", body)
        except (SignedOut, Unprocessable, Conflict):
            problem = "The passkey was not accepted. Try again, or use the password."
            return await self._page.show(request, after, 401, problem=problem)
        return begin_session(self._renderer, created, after)


def credential_of(form: Form) -> dict[str, Any]:
    """What the script has put into the form. Raises `Unprocessable`."""
    try:
        found = orjson.loads(form.text("credential"))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unprocessable("the browser has sent no passkey: are scripts allowed?")
    return found
