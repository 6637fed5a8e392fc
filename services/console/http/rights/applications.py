"""An application: its name and scopes, those that are only tried, and its stop; and the stop of one booking."""

from functools import partial
from typing import Any

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.browser.forms import Form
from services.console.gateway_routes import GatewayRoutes
from services.console.http.bookings import booking_of, booking_path
from services.console.http.companies import company_of
from services.console.http.new_credentials import NewCredentialPages
from services.console.http.stops import NO_STOP, TRIALS, Stops, StopView
from services.console.pages.renderer import Renderer, filled_in
from services.console.pages.routes import MAX_OPENED, routes_opened
from services.console.session import Session
from shared.errors import Conflict, NotFound, Unprocessable


class ApplicationPage:
    def __init__(self, renderer: Renderer, stops: Stops, routes: GatewayRoutes) -> None:
        self._renderer = renderer
        self._stops = stops
        self._routes = routes

    async def show(self, request: web.Request, session: Session) -> web.Response:
        application = await _application(request, session)
        stop = await self._stops.view(request, session, _api_path(application), application["id"])
        return await self._page(session, application, stop=stop)

    async def change(self, request: web.Request, session: Session, form: Form) -> web.Response:
        application = await _application(request, session)
        body = {
            "name": form.text("name"),
            "scopes": form.text("scopes").split(),
            "report_only_scopes": form.text("report_only_scopes").split(),
        }
        try:
            await session.api.patch(_api_path(application), body)
        except (Unprocessable, Conflict) as error:
            return await self._page(session, application, **filled_in(form.values(), error))
        return self._renderer.redirect(f"{_path(application)}?saved")

    async def act(self, request: web.Request, session: Session, form: Form) -> web.Response:
        application = await _application(request, session)
        page, path = partial(self._page, session, application), _path(application)
        api_path = _api_path(application)
        return await self._stops.act(request, session, form, api_path=api_path, path=path, page=page)

    async def _page(
        self, session: Session, application: Object, *, stop: StopView = NO_STOP, **values: Any
    ) -> web.Response:
        now = {
            "name": application["name"],
            "scopes": " ".join(application["scopes"]),
            "report_only_scopes": " ".join(application["report_only_scopes"]),
        }
        return self._renderer.page(
            "application_details.html",
            session=session,
            application=application,
            opens=routes_opened(application, await self._routes.all()),
            max_routes=MAX_OPENED,
            stop=stop,
            trials=TRIALS,
            path=_path(application),
            now=now,
            **values,
        )


class BookingStops:
    """`pages` shows the booking, with its API tokens."""

    def __init__(self, stops: Stops, pages: NewCredentialPages) -> None:
        self._stops = stops
        self._pages = pages

    async def act(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        booking = await booking_of(request, session, company)
        page = partial(self._pages.booked_application, request, session, company)
        api_path, path = f"/bookings/{booking['id']}", booking_path(company, booking)
        return await self._stops.act(request, session, form, api_path=api_path, path=path, page=page)


async def _application(request: web.Request, session: Session) -> Object:
    """By its prefix or its id. Who is of one company has no page of it: what is booked is on the booking's."""
    if session.me["company_id"]:
        raise NotFound("there is no such page")
    found: Object = await session.api.get(f"/applications/{segment(request.match_info['application'])}")
    return found


def _api_path(application: Object) -> str:
    return f"/applications/{application['id']}"


def _path(application: Object) -> str:
    return f"/applications/{segment(application['application_prefix'])}"
