"""New credentials, each where the vendor's document says, and the page that shows a secret once."""

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.browser.forms import Form
from services.console.gateway_routes import GatewayRoutes
from services.console.http.bookings import booked_scopes, booking_of
from services.console.http.companies import SHOWN_OF_A_KIND, company_of, company_path
from services.console.http.stops import NO_STOP, TRIALS, Stops
from services.console.pages.credentials.kinds import BY_PATH, Kind, shown_once
from services.console.pages.portal.handover import handover
from services.console.pages.renderer import Renderer, filled_in
from services.console.pages.routes import MAX_OPENED, routes_opened, unused_scopes
from services.console.session import Session
from shared.errors import Conflict, NotFound, Unprocessable

API_TOKENS, ACCESS_KEYS = BY_PATH["api-tokens"], BY_PATH["access-keys"]
API_CLIENTS, KEY_PAIRS = BY_PATH["api-clients"], BY_PATH["key-pairs"]
DOWNLOADS = {
    "private_key.pem": "application/x-pem-file",
    "public_key.pem": "application/x-pem-file",
    "private_key.jwk.json": "application/jwk+json",
    "recovery-codes.txt": "text/plain",
}
"""Files that a page of secrets offers, with their types."""
ENVIRONMENT_FILE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?\.env")
NO_SCOPES = "Choose at least one: without a scope no API lets it in."


class NewCredentialPages:
    """Of each kind a page with its list and its form; the form's errors are shown on that same page.

    `gateway`: its public URL, without a final slash.
    """

    def __init__(self, renderer: Renderer, stops: Stops, routes: GatewayRoutes, gateway: str) -> None:
        self._renderer = renderer
        self._stops = stops
        self._routes = routes
        self._gateway = gateway

    async def application(self, request: web.Request, session: Session) -> web.Response:
        company = await company_of(request, session)
        booking = await booking_of(request, session, company)
        stop = await self._stops.view(request, session, f"/bookings/{booking['id']}", booking["id"])
        opened = request.query.get("new") == "api-token"
        return await self.booked_application(request, session, company, opened=opened, stop=stop)

    async def create_api_token(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        booking = await booking_of(request, session, company)
        body = {
            "booking_id": booking["id"],
            "remote_application": form.text("remote_application"),
            **_expiry(form),
        }
        try:
            return await self._create(session, API_TOKENS, company, body, form, request.path)
        except (Unprocessable, Conflict) as error:
            return await self.booked_application(request, session, company, opened=True, **_again(form, error))

    async def api_clients(self, request: web.Request, session: Session) -> web.Response:
        company = await company_of(request, session)
        opened = request.query.get("new") == "api-client"
        return await self._list(session, company, API_CLIENTS, "api_clients.html", opened=opened)

    async def create_api_client(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        body = {
            "company_id": company["id"],
            "comment": form.text("comment"),
            "scopes": form.all("scopes"),
            **({"audience": form.text("audience")} if form.text("audience") else {}),
            **_expiry(form),
        }
        if not body["scopes"] and await booked_scopes(session, company):
            return await self._list(
                session, company, API_CLIENTS, "api_clients.html", opened=True, **_without_scopes(form)
            )
        try:
            return await self._create(session, API_CLIENTS, company, body, form, request.path)
        except (Unprocessable, Conflict) as error:
            return await self._list(
                session, company, API_CLIENTS, "api_clients.html", opened=True, **_again(form, error)
            )

    async def access_keys(self, request: web.Request, session: Session) -> web.Response:
        company = await company_of(request, session)
        opened = request.query.get("new") == "access-key"
        return await self._list(session, company, ACCESS_KEYS, "access_keys.html", opened=opened)

    async def create_access_key(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        body = {"company_id": company["id"], "name": form.text("name"), **_expiry(form)}
        try:
            return await self._create(session, ACCESS_KEYS, company, body, form, request.path)
        except (Unprocessable, Conflict) as error:
            return await self._list(
                session, company, ACCESS_KEYS, "access_keys.html", opened=True, **_again(form, error)
            )

    async def key_generation(self, request: web.Request, session: Session) -> web.Response:
        return await self._list(session, await company_of(request, session), KEY_PAIRS, "key_generation.html")

    async def create_key_pair(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company = await company_of(request, session)
        given = {name: form.text(name) for name in ("comment", "algorithm", "public_key")}
        body = {
            "company_id": company["id"],
            "scopes": form.all("scopes"),
            **{name: value for name, value in given.items() if value},
            **_expiry(form),
        }
        if not body["scopes"] and await booked_scopes(session, company):
            return await self._list(session, company, KEY_PAIRS, "key_generation.html", **_without_scopes(form))
        try:
            return await self._create(session, KEY_PAIRS, company, body, form, request.path)
        except (Unprocessable, Conflict) as error:
            return await self._list(session, company, KEY_PAIRS, "key_generation.html", **_again(form, error))

    async def download(self, _: web.Request, __: Session, form: Form) -> web.Response:
        """What a page of secrets holds, as a file: it comes from the page itself, and nothing is kept here."""
        name = form.text("file_name")
        content_type = "text/plain" if ENVIRONMENT_FILE.fullmatch(name) else DOWNLOADS.get(name)
        if content_type is None:
            raise NotFound("there is no such file")
        return web.Response(
            text=form.secret("content").replace("\r\n", "\n"),
            content_type=content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def secret_page(
        self, session: Session, kind: Kind, company: Object, created: Object, back: str, heading: str
    ) -> web.Response:
        """What has just been made or rotated, with what is shown this once; `back` is where it is listed."""
        values = shown_once(kind, created)
        return self._renderer.page(
            "shown_once.html",
            session=session,
            status=201,
            kind=kind,
            company=company,
            credential=created,
            values=values,
            handover=handover(kind, created, self._gateway, company, values),
            back=back,
            heading=heading,
        )

    async def _create(
        self, session: Session, kind: Kind, company: Object, body: Mapping[str, Any], form: Form, back: str
    ) -> web.Response:
        created = await session.api.post(f"/{kind.path}", body, idempotency_key=form.text("key"))
        return self.secret_page(session, kind, company, created, back, f"{kind.noun} created")

    async def booked_application(
        self, request: web.Request, session: Session, company: Object, status: int = 200, **values: Any
    ) -> web.Response:
        booking = await booking_of(request, session, company)
        (tokens, more), application, table = await together(
            session.api.newest(f"/{API_TOKENS.path}", SHOWN_OF_A_KIND, booking_id=booking["id"]),
            session.api.get(f"/applications/{booking['application_id']}"),
            self._routes.all(),
        )
        return self._renderer.page(
            "application.html",
            session=session,
            status=status,
            company=company,
            booking=booking,
            application=application,
            opens=routes_opened(application, table),
            max_routes=MAX_OPENED,
            kind=API_TOKENS,
            tokens=tokens,
            more=more,
            base=company_path(company),
            trials=TRIALS,
            **{"opened": False, "stop": NO_STOP, **values},
        )

    async def _table(self, kind: Kind) -> Object | None:
        """The gateway's, for a kind that has scopes; None also where no gateway responds."""
        return await self._routes.all() if kind.has_scopes else None

    async def _list(
        self, session: Session, company: Object, kind: Kind, template: str, status: int = 200, **values: Any
    ) -> web.Response:
        (credentials, more), scopes, table = await together(
            session.api.newest(f"/{kind.path}", SHOWN_OF_A_KIND, company_id=company["id"]),
            booked_scopes(session, company),
            self._table(kind),
        )
        return self._renderer.page(
            template,
            session=session,
            status=status,
            company=company,
            kind=kind,
            credentials=credentials,
            more=more,
            scopes=scopes,
            unused_scopes=unused_scopes((scope for of_one in scopes.values() for scope in of_one), table),
            **{"opened": False, "chosen": None, **values},
        )


def _expiry(form: Form) -> dict[str, str]:
    """The day that was chosen, from its beginning, in UTC; the registry says what is wrong with another text."""
    day = form.text("expires_at")
    return {"expires_at": f"{day}T00:00:00Z"} if day else {}


def _again(form: Form, error: Unprocessable | Conflict) -> dict[str, Any]:
    return {**filled_in(form.values(), error), "chosen": form.all("scopes")}


def _without_scopes(form: Form) -> dict[str, Any]:
    return {"form": form.values(), "errors": {"scopes": NO_SCOPES}, "chosen": [], "status": 422}
