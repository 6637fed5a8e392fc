"""What is wrong with an assertion or a token: the issuer's own checks, of what somebody pastes."""

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web

from services.console.admin_api import Object
from services.console.browser import cookies
from services.console.browser.forms import Form
from services.console.http.portal.company import own_company
from services.console.pages.kinds import BY_API_KIND, Kind
from services.console.pages.refused_calls.not_shown import what_is_not_shown
from services.console.pages.refused_calls.own_secrets import MISTYPED, bare, recognised
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared import opaque
from shared.errors import NotFound, Unavailable
from shared.http.client import ServiceClient

DIAGNOSE = "/oauth2/diagnose"
NO_TEXT = "Paste an assertion, a token, a key or a secret."
NOT_ALONE = (
    "This is or holds {what}, and so it went nowhere and is not shown again. Paste the assertion, token, key or "
    "secret alone and in one line; a private key belongs in the program that signs, and nowhere else."
)


class DoctorPages:
    """An assertion or an access token goes on to the token issuer, is shown again, and is kept nowhere. A secret of
    ours, whatever stands around it, goes nowhere and is not shown again; a whole one of a company is looked for
    among the credentials that the person may see.

    For the people of one company, or `for_operators`; the others get `NotFound`.
    """

    def __init__(self, renderer: Renderer, issuer: ServiceClient, *, for_operators: bool = False) -> None:
        self._renderer = renderer
        self._issuer = issuer
        self._for_operators = for_operators

    async def show(self, _: web.Request, session: Session) -> web.Response:
        await self._permit(session)
        return self._page(session, "")

    async def diagnose(self, request: web.Request, session: Session, form: Form) -> web.Response:
        await self._permit(session)
        text = form.text("text")
        if not text:
            return self._page(session, text, status=422, errors={"text": NO_TEXT})
        if (pasted := recognised(text)) is not None:
            known = await _known(session, pasted.text) if pasted.whole and pasted.registered else []
            return self._page(session, "", pasted=pasted, known=known)
        text = bare(text)
        if what := what_is_not_shown(text):
            return self._page(session, "", status=422, errors={"text": NOT_ALONE.format(what=what)})
        body = urlencode({"token" if is_access_token(text) else "assertion": text}).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Bearer {cookies.session_token(request)}",
        }
        status, value = await self._issuer.request("POST", DIAGNOSE, body, headers)
        if status == 200:
            return self._page(session, text, diagnosis=value)
        if status not in (400, 413):
            raise Unavailable(detail=f"unexpected status {status}")
        wrong = str(value.get("error_description") or "it cannot be read")
        return self._page(session, text, status=422, errors={"text": wrong})

    async def _permit(self, session: Session) -> None:
        if not self._for_operators:
            await own_company(session)
        elif session.me["company_id"]:
            raise NotFound("there is no such page")

    def _page(self, session: Session, text: str, status: int = 200, **values: Any) -> web.Response:
        return self._renderer.page(
            "portal/doctor.html",
            session=session,
            status=status,
            text=text,
            for_operators=self._for_operators,
            mistyped=MISTYPED,
            **{"diagnosis": None, "pasted": None, "known": [], **values},
        )


async def _known(session: Session, text: str) -> list[tuple[Kind, Object]]:
    """The credentials whose secret or key it is: one, or none."""
    found = (await session.api.post("/search", {"text": text}))["items"]
    return [(BY_API_KIND[item["kind"]], item) for item in found if item["kind"] in BY_API_KIND]


def is_access_token(text: str) -> bool:
    """Whether its header names a key of the issuer's own: all others are taken for assertions."""
    head = text.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(header, dict) and str(header.get("kid", "")).startswith(f"{opaque.SIGNING_KEY}_")
