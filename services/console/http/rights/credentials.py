"""What can be changed of a credential: its name, its scopes, its end."""

from typing import Any

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.browser.forms import Form
from services.console.gateway_routes import GatewayRoutes
from services.console.http.bookings import booked_scopes
from services.console.http.credentials import credential_path, found_credential
from services.console.pages.credentials.kinds import Kind
from services.console.pages.renderer import Renderer, filled_in
from services.console.pages.routes import unused_scopes
from services.console.session import Session
from shared.errors import Conflict, Unprocessable

NUMBERS = frozenset({"default_ttl", "max_ttl"})


class CredentialChangePages:
    def __init__(self, renderer: Renderer, routes: GatewayRoutes) -> None:
        self._renderer = renderer
        self._routes = routes

    async def show(self, request: web.Request, session: Session) -> web.Response:
        return await self._page(session, *await found_credential(request, session))

    async def change(self, request: web.Request, session: Session, form: Form) -> web.Response:
        company, kind, credential = await found_credential(request, session)
        changed = {
            member: value for member, value in _given(kind, form).items() if value != _now(credential, member)
        }
        try:
            if changed:
                await session.api.patch(f"/{kind.path}/{credential['id']}", _sent(changed))
        except (Unprocessable, Conflict) as error:
            again = {**filled_in(form.values(), error), "chosen": form.all("scopes")}
            return await self._page(session, company, kind, credential, **again)
        return self._renderer.redirect(credential_path(company, kind, credential))

    async def _page(
        self, session: Session, company: Object, kind: Kind, credential: Object, status: int = 200, **values: Any
    ) -> web.Response:
        scopes, table = {}, None
        if kind.has_scopes:
            scopes, table = await together(booked_scopes(session, company), self._routes.all())
        own = credential.get("scopes") or []
        booked = {scope for of_one in scopes.values() for scope in of_one}
        unbooked = [scope for scope in own if scope not in booked]
        return self._renderer.page(
            "credential_change.html",
            session=session,
            status=status,
            company=company,
            kind=kind,
            credential=credential,
            now={member: _now(credential, member) for member in kind.changes},
            scopes={**scopes, **({"Not booked now": unbooked} if unbooked else {})},
            unused_scopes=unused_scopes((*booked, *own), table),
            path=credential_path(company, kind, credential),
            **{"chosen": own, **values},
        )


def _given(kind: Kind, form: Form) -> dict[str, Any]:
    """As the fields of the form have it."""
    return {
        member: sorted(form.all("scopes")) if member == "scopes" else form.text(member) for member in kind.changes
    }


def _now(credential: Object, member: str) -> Any:
    """As a field of the form would have it."""
    value = credential.get(member)
    if member == "scopes":
        return sorted(value or [])
    if member == "expires_at":
        return (value or "")[:10]
    return "" if value is None else str(value)


def _sent(changed: Object) -> Object:
    """As the admin API takes it. A text that is no number is sent as it is: the registry says what is wrong."""
    body: Object = {}
    for member, value in changed.items():
        if member == "expires_at":
            body[member] = f"{value}T00:00:00Z" if value else None
        elif member in NUMBERS and value.isascii() and value.isdecimal() and len(value) < 12:
            body[member] = int(value)
        else:
            body[member] = value or None if member == "audience" else value
    return body
