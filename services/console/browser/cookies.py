"""The cookie that holds a session's token: the one thing of a session that the browser keeps.

Others hold, for minutes, the token of a sign-in that waits for a code, or for the OpenID provider, and what that
has confirmed.

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
REAUTHENTICATION_NAME = "__Host-passgate-openid-confirm"
"""Instead of `OPENID_NAME` during reauthentication. Setting one removes the other."""
OPENID_LIFE_S = 600
FRESH_SIGN_IN_NAME = "__Host-passgate-confirmation"
FRESH_SIGN_IN_LIFE_S = 300
MAX_FRESH_SIGN_IN_CHARACTERS = 512


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
    """`Lax`: the page for the code may be the last of the way back from the provider's site."""
    response.set_cookie(
        PENDING_NAME, token, path="/", secure=True, httponly=True, samesite="Lax", max_age=PENDING_LIFE_S
    )


def drop_pending(response: web.StreamResponse) -> None:
    response.del_cookie(PENDING_NAME, path="/", secure=True, httponly=True, samesite="Lax")


def openid_return(request: web.Request, *, reauthenticates: bool = False) -> tuple[str, str]:
    """What whoever comes back from the OpenID provider has begun with, and the path to go on to."""
    name = REAUTHENTICATION_NAME if reauthenticates else OPENID_NAME
    token, _, after = request.cookies.get(name, "").partition(".")
    return token, own_path(unquote(after))


def is_reauthentication(request: web.Request) -> bool:
    """Whether whoever comes back from the provider has a session, and began to show that it is theirs."""
    return REAUTHENTICATION_NAME in request.cookies


def keep_openid(response: web.StreamResponse, token: str, after: str, *, reauthenticates: bool = False) -> None:
    """`Lax`: the provider's site leads back here."""
    drop_openid(response)
    value = f"{token}.{quote(after, safe='')}"
    name = REAUTHENTICATION_NAME if reauthenticates else OPENID_NAME
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="Lax", max_age=OPENID_LIFE_S)


def drop_openid(response: web.StreamResponse) -> None:
    for name in (OPENID_NAME, REAUTHENTICATION_NAME):
        response.del_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")


def fresh_sign_in(request: web.Request) -> str:
    """What a fresh sign-in at the OpenID provider has given; empty without one."""
    return request.cookies.get(FRESH_SIGN_IN_NAME, "")[:MAX_FRESH_SIGN_IN_CHARACTERS]


def keep_fresh_sign_in(response: web.StreamResponse, token: str) -> None:
    """`Lax`: the page after it is still of the way back from the provider's site."""
    response.set_cookie(
        FRESH_SIGN_IN_NAME,
        token,
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
        max_age=FRESH_SIGN_IN_LIFE_S,
    )


def drop_fresh_sign_in(response: web.StreamResponse) -> None:
    response.del_cookie(FRESH_SIGN_IN_NAME, path="/", secure=True, httponly=True, samesite="Lax")
