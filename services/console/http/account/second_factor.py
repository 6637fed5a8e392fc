"""One's own second factor: an authenticator, and recovery codes."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from services.console.browser.forms import Form
from services.console.browser.waiting import retry_later, too_many_attempts
from services.console.http.sign_in.reauthentication import REFUSALS, Reauthentication
from services.console.pages.field_errors import wrong_fields
from services.console.pages.renderer import Renderer, filled_in
from services.console.session import Session
from shared.errors import Conflict, Invalid, TooManyRequests, Unprocessable

API = "/me/second-factor"
MAX_URI_CHARACTERS = 600


class SecondFactorPages:
    def __init__(self, renderer: Renderer, reauthentication: Reauthentication) -> None:
        self._renderer = renderer
        self._reauthentication = reauthentication

    async def show(self, request: web.Request, session: Session) -> web.Response:
        return await self._show(request, session)

    async def begin(self, request: web.Request, session: Session, form: Form) -> web.Response:
        """The authenticator's secret. It is not in force until a code has confirmed it."""
        try:
            offered = await session.api.post(f"{API}/totp", self._reauthentication.request_body(request, form))
        except REFUSALS as error:
            again = partial(self._show, request, session)
            return await self._reauthentication.again(error, form, again)
        return self._reauthentication.drop_spent(self._authenticator(session, offered["uri"], status=201))

    async def confirm(self, request: web.Request, session: Session, form: Form) -> web.Response:
        try:
            created = await session.api.post(f"{API}/totp/confirm", {"code": form.text("code")})
        except Conflict as error:
            return await self._show(request, session, **filled_in(form.values(), error))
        except Unprocessable as error:
            return self._authenticator(session, form.text("uri"), status=422, errors=wrong_fields(error))
        except TooManyRequests as error:
            errors = {"": too_many_attempts(error)}
            return retry_later(self._authenticator(session, form.text("uri"), status=429, errors=errors), error)
        return self._recovery_codes(session, created["recovery_codes"])

    async def change(self, request: web.Request, session: Session, form: Form) -> web.Response:
        body = self._reauthentication.request_body(request, form)
        try:
            if form.text("act") == "recovery-codes":
                created = await session.api.post(f"{API}/recovery-codes", body)
                return self._reauthentication.drop_spent(self._recovery_codes(session, created["recovery_codes"]))
            await session.api.post(f"{API}/totp/remove", body)
        except REFUSALS as error:
            again = partial(self._show, request, session)
            return await self._reauthentication.again(error, form, again)
        return self._reauthentication.drop_spent(self._renderer.redirect("/account"))

    async def _show(self, request: web.Request, session: Session, status: int = 200, **values: Any) -> web.Response:
        factor = await session.second_factor()
        return self._renderer.page(
            "account/second_factor.html",
            session=session,
            status=status,
            factor=factor,
            reauthentication=await self._reauthentication.template_values(request, factor),
            **values,
        )

    def _authenticator(self, session: Session, uri: str, *, status: int, **values: Any) -> web.Response:
        return self._renderer.page(
            "account/authenticator.html",
            session=session,
            status=status,
            uri=uri,
            secret=secret_of(uri),
            **values,
        )

    def _recovery_codes(self, session: Session, codes: list[str]) -> web.Response:
        return self._renderer.page("account/recovery_codes.html", session=session, status=201, codes=codes)


def secret_of(uri: str) -> str:
    """What somebody types in who cannot read the QR code. Raises `Invalid`: the form was not ours."""
    parts = urlsplit(uri) if len(uri) <= MAX_URI_CHARACTERS else urlsplit("")
    found = parse_qs(parts.query).get("secret", [])
    if (parts.scheme, parts.netloc) != ("otpauth", "totp") or len(found) != 1:
        raise Invalid("the form is malformed")
    return found[0]
