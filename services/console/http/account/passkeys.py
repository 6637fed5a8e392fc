"""One's own passkeys."""

from functools import partial
from typing import Any

import orjson
from aiohttp import web

from services.console.admin_api import segment, together
from services.console.browser.forms import Form
from services.console.browser.visitors import Visitors
from services.console.http.sign_in.passkey import credential_of
from services.console.http.sign_in.reauthentication import REFUSALS, Reauthentication
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import Conflict, Unprocessable
from shared.http.responses import status_of

PATH = "/account/passkeys"
API = "/me/passkeys"


class PasskeyPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, reauthentication: Reauthentication) -> None:
        self._reauthentication = reauthentication
        self._visitors = visitors
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(request, session)

    async def begin(self, request: web.Request, session: Session, form: Form) -> web.Response:
        try:
            created = await session.api.post(f"{API}/options", self._reauthentication.request_body(request, form))
        except REFUSALS as error:
            again = partial(self._list, request, session)
            return await self._reauthentication.again(error, form, again)
        options = orjson.dumps(created["options"]).decode()
        page = self._renderer.page("account/new_passkey.html", session=session, status=201, options=options)
        return self._reauthentication.drop_spent(page)

    async def add(self, request: web.Request, session: Session, form: Form) -> web.Response:
        try:
            body = {"name": form.text("name"), "credential": credential_of(form)}
            await session.api.post(API, body)
        except (Unprocessable, Conflict) as error:
            return await self._list(request, session, problem=error.description, status=status_of(error))
        return self._renderer.redirect(PATH)

    async def remove(self, request: web.Request, session: Session, form: Form) -> web.Response:
        id_ = request.match_info["id"]
        try:
            await session.api.post(
                f"{API}/{segment(id_)}/remove", self._reauthentication.request_body(request, form)
            )
        except REFUSALS as error:
            again = partial(self._list, request, session, removing=id_)
            return await self._reauthentication.again(error, form, again)
        return self._reauthentication.drop_spent(self._renderer.redirect(PATH))

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
            reauthentication=await self._reauthentication.template_values(request, factor),
            removing=next((passkey for passkey in listed["items"] if passkey["id"] == asked), None),
            **values,
        )
