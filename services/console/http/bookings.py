"""Booked applications of a company: which there are, and one more."""

from typing import Any

from aiohttp import web

from services.console.admin_api import Object
from services.console.browser.forms import Form
from services.console.http.companies import company_of, company_path
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Unprocessable


async def booked_scopes(session: Session, company: Object) -> dict[str, list[str]]:
    """Every scope that an active booking of the company gives a right to, once, below its application."""
    bookings = await session.api.items("/bookings", company_id=company["id"], status="active")
    booked = {booking["application_id"] for booking in bookings}
    found: dict[str, list[str]] = {}
    known: set[str] = set()
    for application in await session.api.items("/applications"):
        scopes = [scope for scope in application["scopes"] if scope not in known]
        if application["id"] in booked and scopes:
            found[f"{application['name']} ({application['application_prefix']})"] = scopes
            known.update(scopes)
    return found


class BookingPages:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(session, await company_of(request, session))

    async def create(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        body = {"company_id": company["id"], "application_id": form.text("application_id")}
        try:
            booking = await session.api.post("/bookings", body, idempotency_key=form.text("key"))
        except (Unprocessable, Conflict) as error:
            return await self._list(session, company, **filled_in(form.values(), error))
        return self._renderer.redirect(f"{company_path(company)}/booked-applications/{booking['id']}")

    async def _list(self, session: Session, company: Object, status: int = 200, **values: Any) -> web.Response:
        bookings = await session.api.items("/bookings", company_id=company["id"])
        booked = {booking["application_id"] for booking in bookings}
        applications = await session.api.items("/applications") if session.edits else []
        return self._renderer.page(
            "bookings.html",
            session=session,
            status=status,
            company=company,
            bookings=bookings,
            bookable=[a for a in applications if a["id"] not in booked and a["status"] == "active"],
            **values,
        )
