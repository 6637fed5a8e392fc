"""Booked applications of a company: which there are, what they open, and one more."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.browser.forms import Form
from services.console.gateway_routes import GatewayRoutes
from services.console.http.companies import company_of, company_path
from services.console.pages.renderer import Renderer, filled_in
from services.console.pages.routes import MAX_ROUTES_BESIDE_CHOICE, MAX_SCOPES_IN_LIST, Opened, routes_opened
from services.console.session import Session
from shared.errors import Conflict, NotFound, Unprocessable

APPLICATIONS_OFFERED = 20
"""The newest; any other is found by a search."""
MAX_QUERY_CHARACTERS = 100
NONE_CHOSEN = "Choose the application that is to be booked."


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


async def booking_of(request: web.Request, session: Session, company: Object) -> Object:
    """The one that the path names; raises `NotFound` for another company's."""
    booking: Object = await session.api.get(f"/bookings/{segment(request.match_info['booking'])}")
    if booking["company_id"] != company["id"]:
        raise NotFound("no such booking of this company")
    return booking


def booking_path(company: Object, booking: Object) -> str:
    return f"{company_path(company)}/booked-applications/{booking['id']}"


class BookingPages:
    def __init__(self, renderer: Renderer, routes: GatewayRoutes) -> None:
        self._renderer = renderer
        self._routes = routes

    async def list(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(session, await company_of(request, session), request.query.get("q", ""))

    async def create(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        body = {"company_id": company["id"], "application_id": form.text("application_id")}
        if not body["application_id"]:
            again = {"form": form.values(), "errors": {"application_id": NONE_CHOSEN}}
            return await self._list(session, company, form.text("q"), 422, **again)
        try:
            booking = await session.api.post("/bookings", body, idempotency_key=form.text("key"))
        except (Unprocessable, Conflict) as error:
            return await self._list(session, company, form.text("q"), **filled_in(form.values(), error))
        return self._renderer.redirect(booking_path(company, booking))

    async def _list(
        self, session: Session, company: Object, q: str, status: int = 200, **values: Any
    ) -> web.Response:
        bookings = await session.api.items("/bookings", company_id=company["id"])
        applications = await session.api.items("/applications")
        words = q.strip()[:MAX_QUERY_CHARACTERS]
        booked = {booking["application_id"] for booking in bookings if booking["status"] != "revoked"}
        bookable = [a for a in applications if a["id"] not in booked and a["status"] == "active"]
        found = [a for a in bookable if _is_like(a, words)]
        return self._renderer.page(
            "bookings.html",
            session=session,
            status=status,
            company=company,
            bookings=bookings,
            scopes={application["id"]: application["scopes"] for application in applications},
            bookable=len(bookable),
            offered=await self._opened(found[:APPLICATIONS_OFFERED] if session.edits else []),
            max_routes=MAX_ROUTES_BESIDE_CHOICE,
            max_scopes=MAX_SCOPES_IN_LIST,
            cut=len(found) > APPLICATIONS_OFFERED,
            q=words,
            **values,
        )

    async def _opened(self, applications: Sequence[Object]) -> Sequence[tuple[Object, Opened | None]]:
        table = await self._routes.all() if applications else None
        return [(application, routes_opened(application, table)) for application in applications]


def _is_like(application: Object, words: str) -> bool:
    text = " ".join((application["name"], application["application_prefix"], *application["scopes"])).lower()
    return all(word in text for word in words.lower().split())
