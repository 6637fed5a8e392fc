"""Limits of a company, of a booking and of a credential: one form for all of them."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from services.console.admin_api import Object, segment
from services.console.browser.forms import Form
from services.console.gateway_routes import GatewayRoutes
from services.console.http.bookings import booking_of, booking_path
from services.console.http.companies import company_of, company_path
from services.console.http.credentials import credential_path, found_credential
from services.console.pages.limits import form_of, limits_of, wrong_limits
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared.errors import Conflict, Unprocessable


@dataclass(frozen=True, slots=True)
class Limited:
    """What has limits. `api`: its path of the admin API; `path`: that of its page; `tab`: where that is."""

    company: Object
    object: Object
    noun: str
    name: str
    api: str
    path: str
    tab: str


class LimitPages:
    """Whoever is of one company sees its limits: to change them is the operator's."""

    def __init__(self, renderer: Renderer, routes: GatewayRoutes) -> None:
        self._renderer = renderer
        self._routes = routes

    async def of_company(self, request: web.Request, session: Session) -> web.Response:
        return await self._page(session, await self._company(request, session), changed="saved" in request.query)

    async def change_company(self, request: web.Request, session: Session, form: Form) -> web.Response:
        return await self._change(session, await self._company(request, session), form)

    async def of_credential(self, request: web.Request, session: Session) -> web.Response:
        return await self._page(session, await self._credential(request, session), changed="saved" in request.query)

    async def change_credential(self, request: web.Request, session: Session, form: Form) -> web.Response:
        return await self._change(session, await self._credential(request, session), form)

    async def of_booking(self, request: web.Request, session: Session) -> web.Response:
        return await self._page(session, await self._booking(request, session), changed="saved" in request.query)

    async def change_booking(self, request: web.Request, session: Session, form: Form) -> web.Response:
        return await self._change(session, await self._booking(request, session), form)

    async def _change(self, session: Session, limited: Limited, form: Form) -> web.Response:
        values = form.values()
        try:
            await session.api.patch(limited.api, {"limits": limits_of(values)})
        except Unprocessable as error:
            return await self._page(session, limited, 422, form=values, errors=wrong_limits(error, values))
        except Conflict as error:
            return await self._page(session, limited, 409, form=values, errors={"": error.description})
        return self._renderer.redirect(f"{limited.path}/limits?saved")

    async def _page(self, session: Session, limited: Limited, status: int = 200, **values: Any) -> web.Response:
        return self._renderer.page(
            "limits.html",
            session=session,
            status=status,
            company=limited.company,
            limited=limited,
            unknown_routes=await self._unknown_routes(session, limited),
            **{"form": form_of(limited.object["limits"]), "changed": False, **values},
        )

    async def _unknown_routes(self, session: Session, limited: Limited) -> list[str]:
        """Those of the limits that the gateway does not have; none while it does not respond, and for a company."""
        named = (limited.object["limits"] or {}).get("routes") or ()
        table = await self._routes.all() if named and not session.me["company_id"] else None
        if table is None:
            return []
        known = {route["name"] for route in table["routes"]}
        return [name for name in named if name not in known]

    async def _company(self, request: web.Request, session: Session) -> Limited:
        company = await company_of(request, session)
        api, path = f"/companies/{segment(company['id'])}", f"{company_path(company)}/settings"
        return Limited(company, company, "company", company["name"], api, path, "Settings")

    async def _credential(self, request: web.Request, session: Session) -> Limited:
        company, kind, found = await found_credential(request, session)
        api, path = f"/{kind.path}/{found['id']}", credential_path(company, kind, found)
        return Limited(company, found, kind.noun, kind.label(found), api, path, "Credentials")

    async def _booking(self, request: web.Request, session: Session) -> Limited:
        company = await company_of(request, session)
        found = await booking_of(request, session, company)
        name, api, path = found["application"]["name"], f"/bookings/{found['id']}", booking_path(company, found)
        return Limited(company, found, "booking", name, api, path, "Booked applications")
