"""Passkeys: one's own, and signing in with one."""

from typing import Any

import orjson
from aiohttp import web

from services.console.admin_api import SignedOut, segment, together
from services.console.browser import cookies
from services.console.browser.forms import Form, read_form, require_same_origin
from services.console.browser.return_path import own_path
from services.console.browser.visitors import Visitors
from services.console.http.account.own_confirmation import OwnConfirmation
from services.console.http.account.sign_in_page import SignInPage
from services.console.pages.renderer import HEADERS, Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, NotFound, Unprocessable

PATH = "/account/passkeys"
API = "/me/passkeys"


class PasskeyPages:
    def __init__(
        self, visitors: Visitors, renderer: Renderer, sign_in: SignInPage, confirmation: OwnConfirmation
    ) -> None:
        self._sign_in = sign_in
        self._confirmation = confirmation
        self._visitors = visitors
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(request, session)

    async def begin(self, request: web.Request, session: Session, form: Form) -> web.Response:
        try:
            created = await session.api.post(f"{API}/options", self._confirmation.presented(request, form))
        except (Unprocessable, Conflict) as error:
            response = await self._list(request, session, **filled_in(form.values(), error))
            return self._confirmation.used(response, error)
        options = orjson.dumps(created["options"]).decode()
        page = self._renderer.page("account/new_passkey.html", session=session, status=201, options=options)
        return self._confirmation.used(page)

    async def add(self, request: web.Request, session: Session, form: Form) -> web.Response:
        try:
            body = {"name": form.text("name"), "credential": credential_of(form)}
            await session.api.post(API, body)
        except (Unprocessable, Conflict) as error:
            return await self._list(request, session, problem=error.description, status=422)
        return self._renderer.redirect(PATH)

    async def remove(self, request: web.Request, session: Session, form: Form) -> web.Response:
        id_ = request.match_info["id"]
        try:
            await session.api.post(f"{API}/{segment(id_)}/remove", self._confirmation.presented(request, form))
        except (Unprocessable, Conflict) as error:
            response = await self._list(request, session, removing=id_, **filled_in(form.values(), error))
            return self._confirmation.used(response, error)
        return self._confirmation.used(self._renderer.redirect(PATH))

    async def options(self, request: web.Request) -> web.Response:
        """For the script of the sign-in page: what it passes to the browser."""
        require_same_origin(request)
        try:
            created = await self._visitors.api_of(request).post("/sessions/passkey-options")
        except Conflict:
            raise NotFound("there are no passkeys here") from None
        body = orjson.dumps(created["options"])
        return web.Response(body=body, content_type="application/json", headers=HEADERS)

    async def signed_in(self, request: web.Request) -> web.Response:
        """Always a new session, as with a password."""
        form = await read_form(request)
        after = own_path(form.text("next"))
        try:
            body = {"credential": credential_of(form)}
            created = await self._visitors.api_of(request).post("/sessions/passkey", body)
        except (SignedOut, Unprocessable, Conflict):
            problem = "The passkey was not accepted. Try again, or use the password."
            return await self._sign_in.show(request, after, 401, problem=problem)
        response = self._renderer.redirect(after)
        cookies.keep(response, created)
        cookies.drop_pending(response)
        return response

    async def _list(self, request: web.Request, session: Session, status: int = 200, **values: Any) -> web.Response:
        asked = values.pop("removing", request.query.get("remove", ""))
        listed, factor = await together(session.api.get(API), session.second_factor())
        return self._renderer.page(
            "account/passkeys.html",
            session=session,
            status=status,
            passkeys=listed["items"],
            origin=listed["origin"],
            here=self._visitors.url(request) == listed["origin"],
            factor=factor,
            confirm=await self._confirmation.shown(request, factor),
            removing=next((passkey for passkey in listed["items"] if passkey["id"] == asked), None),
            **values,
        )


def credential_of(form: Form) -> dict[str, Any]:
    """What the script has put into the form. Raises `Unprocessable`."""
    try:
        found = orjson.loads(form.text("credential"))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unprocessable("the browser has sent no passkey: are scripts allowed?")
    return found
