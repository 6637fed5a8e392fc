"""Webhooks: where events are sent, what became of each delivery, and the secret that is shown once."""

from typing import Any

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.browser.forms import Form
from services.console.http.lists.filtered_list import filtered_list
from services.console.pages.events import EVENT_TYPES
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Unprocessable

DELIVERY_STATES = ("pending", "delivered", "dead")
DELIVERIES = 25
"""On one page: each has up to some twenty attempts."""


class WebhookPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(request, session, opened=request.query.get("new") == "webhook")

    async def create(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = {"company_id": form.text("company_id")} if form.text("company_id") else {}
        try:
            created = await session.api.post(
                "/webhooks", {**_members(form), **company}, idempotency_key=form.text("key")
            )
        except (Unprocessable, Conflict) as error:
            return await self._list(request, session, opened=True, **_again(form, error))
        return self._secret(session, created, "Webhook created")

    async def show(self, request: web.Request, session: Session) -> web.Response:
        webhook = await self._webhook(request, session)
        asked = request.query.get("ask", "")
        return await self._show(request, session, webhook, asked=asked)

    async def change(self, request: web.Request, session: Session, form: Form) -> web.Response:
        webhook = await self._webhook(request, session)
        try:
            await session.api.patch(_path(webhook), _members(form))
        except (Unprocessable, Conflict) as error:
            return await self._show(request, session, webhook, asked="change", **_again(form, error))
        return self._renderer.redirect(_path(webhook))

    async def switch(self, request: web.Request, session: Session, _: Form) -> web.Response:
        """Events of the time in which a webhook is disabled are not sent to it."""
        webhook = await self._webhook(request, session)
        await session.api.patch(_path(webhook), {"enabled": request.match_info["act"] == "enable"})
        return self._renderer.redirect(_path(webhook))

    async def rotate(self, request: web.Request, session: Session, form: Form) -> web.Response:
        """A third secret is asked for: it ends the older of the two that deliveries are signed with."""
        webhook = await self._webhook(request, session)
        body = {"end_oldest": form.text("end_oldest") == "yes"}
        try:
            rotated = await session.api.post(f"{_path(webhook)}/rotate", body, idempotency_key=form.text("key"))
        except Conflict as error:
            webhook = await self._webhook(request, session)
            if webhook["previous_secret_until"]:
                return await self._show(request, session, webhook, 409, asked="third-secret")
            return await self._show(request, session, webhook, 409, problem=error.description)
        return self._secret(session, rotated, "New secret of the webhook")

    async def delete(self, request: web.Request, session: Session, _: Form) -> web.Response:
        webhook = await self._webhook(request, session)
        await session.api.delete(_path(webhook))
        return self._renderer.redirect("/webhooks")

    async def replay(self, request: web.Request, session: Session, _: Form) -> web.Response:
        webhook = await self._webhook(request, session)
        delivery = segment(request.match_info["delivery"])
        try:
            await session.api.post(f"{_path(webhook)}/deliveries/{delivery}/replay")
        except Conflict as error:
            return await self._show(request, session, webhook, 409, problem=error.description)
        return self._renderer.redirect(_path(webhook))

    async def _webhook(self, request: web.Request, session: Session) -> Object:
        found: Object = await session.api.get(f"/webhooks/{segment(request.match_info['id'])}")
        return found

    async def _list(self, request: web.Request, session: Session, status: int = 200, **values: Any) -> web.Response:
        found = await filtered_list(request, session, "/webhooks", ("company_id",))
        shown = {**found.values, "filters": found.form, "filter_errors": found.errors, "form": {}, "errors": {}}
        return self._renderer.page(
            "operations/webhooks.html",
            session=session,
            status=max(status, found.status),
            types=EVENT_TYPES,
            **{**shown, **values},
        )

    async def _show(
        self, request: web.Request, session: Session, webhook: Object, status: int = 200, **values: Any
    ) -> web.Response:
        found = await filtered_list(request, session, f"{_path(webhook)}/deliveries", ("state",), limit=DELIVERIES)
        shown = {**found.values, "filters": found.form, "form": {}, "errors": {}, "asked": ""}
        return self._renderer.page(
            "operations/webhook.html",
            session=session,
            status=max(status, found.status),
            webhook=webhook,
            path=_path(webhook),
            states=DELIVERY_STATES,
            types=EVENT_TYPES,
            **{**shown, **values},
        )

    def _secret(self, session: Session, webhook: Object, heading: str) -> web.Response:
        return self._renderer.page(
            "operations/webhook_secret.html",
            session=session,
            status=201,
            webhook=webhook,
            back=_path(webhook),
            heading=heading,
        )


def _members(form: Form) -> dict[str, Any]:
    return {"name": form.text("name"), "url": form.text("url"), "types": form.all("types")}


def _again(form: Form, error: Unprocessable | Conflict) -> dict[str, Any]:
    return filled_in({**form.values(), "types": form.all("types")}, error)


def _path(webhook: Object) -> str:
    """Of the admin API, and of our page."""
    return f"/webhooks/{webhook['id']}"
