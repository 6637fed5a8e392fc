"""One's own sessions and password."""

from functools import partial
from typing import Any

from aiohttp import web

from services.console.admin_api import segment, together
from services.console.browser.forms import Form
from services.console.http.sign_in.reauthentication import REFUSALS, Reauthentication
from services.console.pages.renderer import Renderer
from services.console.session import Session


class AccountPages:
    def __init__(self, renderer: Renderer, reauthentication: Reauthentication) -> None:
        self._renderer = renderer
        self._reauthentication = reauthentication

    async def show(self, request: web.Request, session: Session) -> web.Response:
        return await self._account(request, session)

    async def change_password(self, request: web.Request, session: Session, form: Form) -> web.Response:
        body = {**self._reauthentication.request_body(request, form), "new": form.secret("new")}
        try:
            await session.api.post("/me/password", body)
        except REFUSALS as error:
            again = partial(self._account, request, session)
            return await self._reauthentication.again(error, form, again)
        changed = await self._account(request, session, changed=True)
        return self._reauthentication.drop_spent(changed)

    async def end_session(self, request: web.Request, session: Session, _: Form) -> web.Response:
        await session.api.delete(f"/sessions/{segment(request.match_info['id'])}")
        return self._renderer.redirect("/account")

    async def _account(
        self, request: web.Request, session: Session, status: int = 200, **values: Any
    ) -> web.Response:
        page, factor = await together(session.api.get("/sessions"), session.second_factor())
        return self._renderer.page(
            "account.html",
            session=session,
            status=status,
            sessions=page["items"],
            factor=factor,
            reauthentication=await self._reauthentication.template_values(request, factor),
            **{"changed": False, **values},
        )
