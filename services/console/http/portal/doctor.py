"""What is wrong with what somebody pastes: the issuer's own checks of an assertion or a token, and whose a key, a
secret or an id is."""

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web

from services.console.admin_api import Object
from services.console.browser import cookies
from services.console.browser.forms import Form
from services.console.http.portal.company import own_company
from services.console.pages.pasted.key_and_secret import key_and_secret
from services.console.pages.pasted.not_shown import split_jwt, what_is_not_shown
from services.console.pages.pasted.recognition import Pasted, bare, recognised
from services.console.pages.pasted.secret_kinds import MISTYPED
from services.console.pages.renderer import Renderer
from services.console.session import Session
from shared import opaque
from shared.errors import NotFound, Unavailable
from shared.http.client import ServiceClient

DIAGNOSE = "/oauth2/diagnose"
NO_TEXT = "Paste an assertion, a token, a key, a secret or an id."
NOT_ALONE = (
    "This is or holds {what}, and so it went nowhere and is not shown again. Paste the assertion, token, key or "
    "secret alone and in one line; a private key belongs in the program that signs, and nowhere else."
)
NOTHING_KNOWN = (
    "This is nothing that Passgate issues or reads. An assertion and an access token have three parts with dots "
    "between them and begin with ey; our secrets and keys begin with pgat_, pgak_, pgcs_, pgck_ or kp_."
)
_THREE_PARTS = re.compile(r"[A-Za-z0-9_=+/-]+(?:\.[A-Za-z0-9_=+/-]*){2}")


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
        if (pair := key_and_secret(text)) is not None:
            of_key, of_secret = await _known(session, pair.key), await _known(session, pair.secret)
            return self._page(session, "", pair=pair, known=of_key, of_secret=of_secret)
        if (pasted := recognised(text)) is not None:
            return self._page(session, "", pasted=pasted, known=await _known(session, pasted))
        text = bare(text)
        if what := what_is_not_shown(text):
            return self._page(session, "", status=422, errors={"text": NOT_ALONE.format(what=what)})
        if not is_like_a_jwt(text):
            return self._page(session, "", status=422, errors={"text": NOTHING_KNOWN})
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
            **{"diagnosis": None, "pasted": None, "pair": None, "known": [], "of_secret": [], **values},
        )


async def _known(session: Session, pasted: Pasted) -> list[Object]:
    """What of those that the person may see has this secret, key, KID or id: one, or none."""
    if not (pasted.whole and pasted.registered):
        return []
    found: list[Object] = (await session.api.post("/search", {"text": pasted.text}))["items"]
    return found


def is_like_a_jwt(text: str) -> bool:
    """Whether it is worth the issuer's checks: it begins as a JWT does, or has three parts as one has."""
    return bool(split_jwt(text)[0] or _THREE_PARTS.fullmatch(text))


def is_access_token(text: str) -> bool:
    """Whether its header names a key of the issuer's own: all others are taken for assertions."""
    head = text.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(header, dict) and str(header.get("kid", "")).startswith(f"{opaque.SIGNING_KEY}_")
