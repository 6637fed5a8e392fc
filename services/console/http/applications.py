"""Applications, which companies book, and the scopes of each."""

from typing import Any

from aiohttp import web

from services.console.browser.forms import Form
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Unprocessable


class ApplicationPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(session, opened=request.query.get("new") == "application")

    async def create(self, _: web.Request, session: Session, form: Form) -> web.Response:
        body = {
            "name": form.text("name"),
            "application_prefix": form.text("application_prefix"),
            "scopes": form.text("scopes").split(),
        }
        try:
            await session.api.post("/applications", body, idempotency_key=form.text("key"))
        except (Unprocessable, Conflict) as error:
            return await self._list(session, opened=True, **filled_in(form.values(), error))
        return self._renderer.redirect("/applications")

    async def _list(self, session: Session, status: int = 200, **values: Any) -> web.Response:
        applications = await session.api.items("/applications")
        return self._renderer.page(
            "applications.html", session=session, status=status, applications=applications, **values
        )
