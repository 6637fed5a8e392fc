"""The cookie that holds a session's token: the one thing of a session that the browser keeps.

Others hold, for minutes, the token of a sign-in that waits for a code, or for the OpenID provider.

`__Host-`: only over TLS (or to the machine itself), for this host alone, from no subdomain (RFC 6265bis 4.1.3.2).
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, unquote

from aiohttp import web

from services.console.browser.return_path import own_path
from shared import opaque

NAME = "__Host-passgate-session"
PENDING_NAME = "__Host-passgate-sign-in"
PENDING_LIFE_S = 300
OPENID_NAME = "__Host-passgate-openid"
OPENID_LIFE_S = 600


def session_token(request: web.Request) -> str:
    """Empty without a cookie that may be one of ours."""
    token = request.cookies.get(NAME, "")
    return token if opaque.well_formed(opaque.PERSON_SESSION, token) else ""


def keep(response: web.StreamResponse, session: Mapping[str, str]) -> None:
    """For as long as `session` lasts at most; its times are RFC 3339, as the registry states them."""
    begun, ends = (datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at"))
    seconds = int((ends - begun).total_seconds())
    response.set_cookie(
        NAME, session["token"], path="/", secure=True, httponly=True, samesite="Lax", max_age=seconds
    )


def drop(response: web.StreamResponse) -> None:
    response.del_cookie(NAME, path="/", secure=True, httponly=True, samesite="Lax")


def pending_token(request: web.Request) -> str:
    """Of a sign-in that waits for a code; empty without a cookie that may be one of ours."""
    token = request.cookies.get(PENDING_NAME, "")
    return "" if opaque.content_of_sealed(opaque.PENDING_SIGN_IN, token) is None else token


def keep_pending(response: web.StreamResponse, token: str) -> None:
    response.set_cookie(
        PENDING_NAME, token, path="/", secure=True, httponly=True, samesite="Strict", max_age=PENDING_LIFE_S
    )


def drop_pending(response: web.StreamResponse) -> None:
    response.del_cookie(PENDING_NAME, path="/", secure=True, httponly=True, samesite="Strict")


def openid_return(request: web.Request) -> tuple[str, str]:
    """What whoever comes back from the OpenID provider has begun with, and the path to go on to."""
    token, _, after = request.cookies.get(OPENID_NAME, "").partition(".")
    return token, own_path(unquote(after))


def keep_openid(response: web.StreamResponse, token: str, after: str) -> None:
    """`Lax`: the provider's site leads back here."""
    value = f"{token}.{quote(after, safe='')}"
    response.set_cookie(
        OPENID_NAME, value, path="/", secure=True, httponly=True, samesite="Lax", max_age=OPENID_LIFE_S
    )


def drop_openid(response: web.StreamResponse) -> None:
    response.del_cookie(OPENID_NAME, path="/", secure=True, httponly=True, samesite="Lax")
