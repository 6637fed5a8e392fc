"""The cookie that holds a session's token: the one thing of a session that the browser keeps.

`__Host-`: only over TLS (or to the machine itself), for this host alone, from no subdomain (RFC 6265bis 4.1.3.2).
"""

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from shared import opaque

NAME = "__Host-passgate-session"


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
