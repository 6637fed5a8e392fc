"""The body of a form, and the proof that it was sent from one of our own pages."""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from shared.errors import Forbidden, Invalid
from shared.http.body import read, require_content_type

MAX_BYTES = 65536
MAX_FIELDS = 200
CSRF_FIELD = "csrf"
FORM_TYPE = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form, trimmed; a field that is not there is empty."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = tuple(fields)

    def text(self, name: str) -> str:
        return next((value.strip() for field, value in self._fields if field == name), "")

    def secret(self, name: str) -> str:
        """As it was typed: a blank may be part of a password."""
        return next((value for field, value in self._fields if field == name), "")

    def all(self, name: str) -> list[str]:
        return [value for field, value in self._fields if field == name]

    def values(self) -> dict[str, str]:
        """What to show again after an error: no password or code, and not what proves the form's origin."""
        hidden = {CSRF_FIELD, "password", "current", "new", "code", "uri", "credential"}
        return {name: value for name, value in self._fields if name not in hidden}


async def read_form(request: web.Request) -> Form:
    """Raises `Forbidden` for a form of another site, `Invalid` and `TooLarge`."""
    require_same_origin(request)
    require_content_type(request, FORM_TYPE)
    raw = await read(request, limit=MAX_BYTES)
    try:
        fields = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Invalid(f"the form is malformed, or has more than {MAX_FIELDS} fields") from None
    return Form(fields)


def from_another_site(request: web.Request) -> bool:
    """By `Sec-Fetch-Site`, which pages cannot forge and older browsers do not send; `none`: a person typed it."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}


def require_same_origin(request: web.Request) -> None:
    """Raises `Forbidden` when the browser says that another site sent this.

    `Sec-Fetch-Site` is from the browser itself; older ones send `Origin` with each form.
    """
    if from_another_site(request):
        raise Forbidden("this form was sent from another site")
    if "Sec-Fetch-Site" in request.headers:
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise Forbidden("this form was sent from another site")


def csrf_token(session_token: str) -> str:
    """What each form of a session carries. It follows from the session's secret, which it does not show."""
    return hashlib.sha256(b"passgate console csrf\x00" + session_token.encode("ascii")).hexdigest()


def require_csrf_token(form: Form, session_token: str) -> None:
    """Raises `Forbidden` unless the form came with a page of this very session."""
    if not hmac.compare_digest(form.text(CSRF_FIELD).encode(), csrf_token(session_token).encode()):
        raise Forbidden("this form is of an earlier session: open the page again")
